internal import KernelInterface

/// A model as a list of execution units: layers fused where that saves a pass over memory.
///
/// Conv2D with the MaxPool2D behind it is one unit; Flatten is no unit, since `[height, width, channels]` is flat in
/// memory already; the last Dense contains the loss.
struct ExecutionPlan: Sendable, Equatable {
    let units: [UnitPlan]
    /// Runs of units between points where workers must agree inside a pass. No layer of today asks for that: one
    /// segment.
    let segments: [Range<Int>]

    init(_ configuration: ModelConfiguration, shapes: [TensorShape], layout: ParameterLayout, buckets: [Range<Int>]) {
        var units: [UnitPlan] = []
        var input = TensorShape.image(configuration.inputShape)
        var index = 0
        while index < shapes.count {
            let offsets = layout.layerParameters[index].map { numbers in
                ParameterOffsets(numbers.map { layout.parameters[$0] }, buckets)
            }
            switch configuration.layers[index] {
            case .convolution2D(let convolution):
                guard case .image(let image) = input, let offsets else {
                    preconditionFailure("shapes were not checked")
                }
                let isPooled = index + 1 < shapes.count && configuration.layers[index + 1] == .maxPool2D
                units.append(.convolution(ConvolutionPlan(convolution, image, offsets, isPooled: isPooled)))
                index += isPooled ? 1 : 0
            case .maxPool2D:
                guard case .image(let image) = input else { preconditionFailure("shapes were not checked") }
                units.append(.maxPool(image))
            case .flatten:
                break
            case .dense(let dense):
                guard let offsets else { preconditionFailure("shapes were not checked") }
                units.append(
                    .dense(
                        DensePlan(
                            inputCount: input.elementCount, outputCount: dense.units, activation: dense.activation,
                            offsets: offsets)))
            }
            input = shapes[index]
            index += 1
        }
        self.units = units
        segments = [units.indices]
    }
}

/// One execution unit.
enum UnitPlan: Sendable, Equatable {
    case convolution(ConvolutionPlan)
    /// Max-pooling of an image of this shape that no convolution comes before.
    case maxPool(ImageShape)
    /// With activation softmax or sigmoid: the output layer and the loss.
    case dense(DensePlan)

    /// Floats of one sample's output.
    var outputCount: Int {
        switch self {
        case .convolution(let plan): plan.isPooled ? plan.shape.pooledCount : plan.shape.outputCount
        case .maxPool(let image): (image.height / 2) * (image.width / 2) * image.channels
        case .dense(let plan): plan.outputCount
        }
    }

    /// The bucket that holds the unit's parameters, or nil for a unit without.
    var bucket: Int? {
        switch self {
        case .convolution(let plan): plan.offsets.bucket
        case .maxPool: nil
        case .dense(let plan): plan.offsets.bucket
        }
    }
}

/// Where a unit's weight and bias lie in the arena, and which bucket that is.
struct ParameterOffsets: Sendable, Equatable {
    let weight: Int
    let bias: Int
    let bucket: Int

    init(_ parameters: [ParameterDescription], _ buckets: [Range<Int>]) {
        precondition(parameters.count == 2, "a layer with parameters has a weight and a bias")
        weight = parameters[0].arenaOffset
        bias = parameters[1].arenaOffset
        let offset = weight
        guard let index = buckets.firstIndex(where: { $0.contains(offset) }) else {
            preconditionFailure("buckets do not cover the arena")
        }
        bucket = index
    }
}

/// A dense unit.
struct DensePlan: Sendable, Equatable {
    let inputCount: Int
    let outputCount: Int
    let activation: Activation
    let offsets: ParameterOffsets
}

/// A convolution unit, with or without pooling.
struct ConvolutionPlan: Sendable, Equatable {
    /// The shape with the padding already in its input.
    let shape: ConvolutionShape
    /// Zeros around the image that "same" padding adds; an odd one goes to the bottom and right, as in Keras.
    let padding: ImagePadding
    let appliesReLU: Bool
    let isPooled: Bool
    let offsets: ParameterOffsets

    init(
        _ convolution: Convolution2DConfiguration, _ image: ImageShape, _ offsets: ParameterOffsets, isPooled: Bool
    ) {
        switch convolution.padding {
        case .valid:
            padding = ImagePadding(top: 0, left: 0, bottom: 0, right: 0)
        case .same:
            let (vertical, horizontal) = (convolution.kernelHeight - 1, convolution.kernelWidth - 1)
            padding = ImagePadding(
                top: vertical / 2, left: horizontal / 2, bottom: vertical - vertical / 2,
                right: horizontal - horizontal / 2)
        }
        shape = ConvolutionShape(
            inputHeight: image.height + padding.top + padding.bottom,
            inputWidth: image.width + padding.left + padding.right, inputChannels: image.channels,
            kernelHeight: convolution.kernelHeight, kernelWidth: convolution.kernelWidth,
            outputChannels: convolution.filters)
        appliesReLU = convolution.activation == .relu
        self.isPooled = isPooled
        self.offsets = offsets
    }
}

/// Rows and columns of zeros around an image.
struct ImagePadding: Sendable, Equatable {
    let top: Int
    let left: Int
    let bottom: Int
    let right: Int

    var isEmpty: Bool { top == 0 && left == 0 && bottom == 0 && right == 0 }
}
