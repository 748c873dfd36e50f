internal import KernelInterface

/// A model as a list of execution units: layers fused where that saves a pass over memory.
///
/// Conv2D with the 2×2 MaxPool2D behind it is one unit; Flatten is no unit, since `[height, width, channels]` is flat in
/// memory already; an activation that a layer's kernels don't apply is a unit of its own; the last Dense contains the
/// loss.
struct ExecutionPlan: Sendable, Equatable {
    private(set) var units: [UnitPlan] = []
    /// Runs of units between points where threads and workers agree inside a pass: a batch normalisation begins one.
    private(set) var segments: [Range<Int>] = []
    /// The first unit that learns: the backward pass ends there.
    let firstTrainable: Int

    init(
        _ configuration: ModelConfiguration, output: OutputLayer, shapes: [TensorShape], layout: ParameterLayout,
        buckets: [Range<Int>]
    ) {
        var builder = PlanBuilder(configuration, output: output, shapes: shapes, layout: layout, buckets: buckets)
        builder.build()
        units = builder.units
        var begin = 0
        for index in units.indices where index > 0 && units[index].isSynchronized {
            segments.append(begin..<index)
            begin = index
        }
        segments.append(begin..<units.count)
        firstTrainable = units.firstIndex(where: \.isTrainable) ?? units.count
    }
}

/// Turns layers into units, one after another.
private struct PlanBuilder {
    private let configuration: ModelConfiguration
    private let output: OutputLayer
    private let shapes: [TensorShape]
    private let layout: ParameterLayout
    private let buckets: [Range<Int>]
    private(set) var units: [UnitPlan] = []

    init(
        _ configuration: ModelConfiguration, output: OutputLayer, shapes: [TensorShape], layout: ParameterLayout,
        buckets: [Range<Int>]
    ) {
        self.configuration = configuration
        self.output = output
        self.shapes = shapes
        self.layout = layout
        self.buckets = buckets
    }

    mutating func build() {
        var input = TensorShape.image(configuration.inputShape)
        var index = 0
        while index <= output.index {
            let taken = append(layer: index, input: input)
            index += taken
            input = shapes[index - 1]
        }
    }

    /// Appends the units of a layer and returns how many layers they take in.
    private mutating func append(layer index: Int, input: TensorShape) -> Int {
        switch configuration.layers[index] {
        case .convolution2D(let convolution):
            return append(convolution, layer: index, image: Self.image(input))
        case .pool2D(let pool) where pool.isTwoByTwoMaximum:
            units.append(.maxPool(Self.image(input)))
        case .pool2D(let pool):
            units.append(.pool(PoolPlan(pool, Self.image(input))))
        case .globalAveragePool2D:
            let image = Self.image(input)
            let whole = Extent(height: image.height, width: image.width)
            units.append(.pool(PoolPlan(Pool2DConfiguration(kind: .average, window: whole), image)))
        case .flatten:
            break
        case .dense(let dense):
            append(dense, layer: index, input: input)
        case .dropout(let rate):
            let isInPlace = units.last.map(\.keepsOnlySigns) ?? false
            units.append(
                .dropout(
                    DropoutPlan(
                        elementCount: input.elementCount, rate: rate, layerIndex: index, isInPlace: isInPlace)))
        case .batchNormalization(let normalization):
            units.append(
                .batchNormalization(
                    BatchNormalizationPlan(
                        normalization, positionCount: input.positionCount, channelCount: input.channelCount,
                        offsets: offsets(index))))
        case .activation(let activation):
            append(activation, shape: input)
        case .resize(let size):
            units.append(.resize(ResizePlan(input: Self.image(input), output: size)))
        case .repeatChannels(let count):
            units.append(.repeatChannels(RepeatPlan(input: Self.image(input), count: count)))
        }
        return 1
    }

    private mutating func append(_ convolution: Convolution2DConfiguration, layer index: Int, image: ImageShape) -> Int
    {
        let next = index + 1 < shapes.count ? configuration.layers[index + 1] : nil
        guard convolution.stride == Extent(1) else {
            units.append(.stridedConvolution(StridedConvolutionPlan(convolution, image, offsets(index))))
            appendUnfused(convolution.activation, shape: shapes[index])
            return 1
        }
        let isPooled = next == .maxPool2D && convolution.activation.isFused
        units.append(.convolution(ConvolutionPlan(convolution, image, offsets(index), isPooled: isPooled)))
        appendUnfused(convolution.activation, shape: shapes[index])
        return isPooled ? 2 : 1
    }

    private mutating func append(_ dense: DenseConfiguration, layer index: Int, input: TensorShape) {
        let activation = index == output.index ? output.activation : dense.activation
        units.append(
            .dense(
                DensePlan(
                    inputCount: input.elementCount, outputCount: dense.units,
                    activation: index == output.index || activation.isFused ? activation : .linear,
                    offsets: offsets(index))))
        if index != output.index { appendUnfused(activation, shape: shapes[index]) }
    }

    /// An activation that the layer's own kernels do not apply.
    private mutating func appendUnfused(_ activation: Activation, shape: TensorShape) {
        if !activation.isFused { append(activation, shape: shape) }
    }

    private mutating func append(_ activation: Activation, shape: TensorShape) {
        guard activation != .linear else { return }
        units.append(
            .activation(
                ActivationPlan(
                    activation: activation, positionCount: shape.positionCount, channelCount: shape.channelCount)))
    }

    private func offsets(_ layer: Int) -> ParameterOffsets {
        guard let numbers = layout.layerParameters[layer] else { preconditionFailure("shapes were not checked") }
        return ParameterOffsets(numbers.map { layout.parameters[$0] }, buckets)
    }

    private static func image(_ shape: TensorShape) -> ImageShape {
        guard case .image(let image) = shape else { preconditionFailure("shapes were not checked") }
        return image
    }
}

extension Activation {
    /// Whether convolutions and dense layers apply it in their own kernels.
    fileprivate var isFused: Bool { self == .linear || self == .relu }
}
