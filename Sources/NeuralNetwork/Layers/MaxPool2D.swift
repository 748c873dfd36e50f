package import Core
internal import KernelInterface

/// The maximum of each window of an image, each channel by itself: the first in row order.
package struct MaxPool2D: Layer {
    package static let names = LayerNames(
        "max_pool2d", label: "MaxPool2D", summaryType: "MaxPooling2D", summaryStem: "max_pooling2d")
    package static let documentation = """
        The largest value of each window, each channel by itself; of equal ones the first in row order gets the gradient. \
        Padding never wins. Without padding, rows and columns beyond the last whole window are dropped.
        """

    package var window: PoolWindow

    package init(window: Extent = Extent(2), stride: Extent? = nil, padding: Padding = .valid) {
        self.window = PoolWindow(size: window, stride: stride ?? window, padding: padding)
    }

    package init() { self.init(window: Extent(2)) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(&window)
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        try window.outputShape(of: input)
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        let image = site.input.checkedImage
        if self == MaxPool2D() {
            return graph.append(TwoByTwoMaxPoolPlan(image: image), inputs: site.inputBuffer)
        }
        return graph.append(
            MaxPoolPlan(geometry: window.geometry(on: image), channels: image.channels), inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.append("MaxPool", [site.inputValue], window.geometry(on: site.input.checkedImage).operatorAttributes)
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let geometry = window.geometry(on: site.input.checkedImage)
        let (size, stride) = geometry.torchExtents
        if let padding = geometry.torchPadding {
            return [TorchModule("nn.MaxPool2d(\(size), stride=\(stride), padding=\(padding))", stem: "maxpool")]
        }
        return [
            geometry.padding.torchModule(value: "float(\"-inf\")"),
            TorchModule("nn.MaxPool2d(\(size), stride=\(stride))", stem: "maxpool"),
        ]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [KerasLayer("MaxPooling2D", window.kerasArguments)]
    }
}

extension LayerConfiguration {
    /// Over 2×2 windows with stride 2: an odd last row or column is dropped.
    public static let maxPool2D = LayerConfiguration(MaxPool2D())

    /// The largest value of each window, each channel by itself. Without a stride windows lie side by side.
    public static func maxPool2D(window: Extent, stride: Extent? = nil, padding: Padding = .valid) -> Self {
        Self(MaxPool2D(window: window, stride: stride, padding: padding))
    }
}

/// The windows of a pooling layer.
package struct PoolWindow: Sendable, Equatable {
    package var size: Extent
    package var stride: Extent
    package var padding: Padding

    func geometry(on image: ImageShape) -> WindowGeometry {
        WindowGeometry(image, window: size, stride: stride, padding: padding)
    }

    var kerasArguments: [String: String] {
        [
            "pool_size": ValueText.list([size.height, size.width]),
            "strides": ValueText.list([stride.height, stride.width]), "padding": ValueText.word(padding.rawValue),
        ]
    }

    func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        let image = try input.image
        let geometry = try WindowGeometry.checked(
            image, window: size, stride: stride, padding: padding, noun: "window")
        return .image(
            ImageShape(height: geometry.outputHeight, width: geometry.outputWidth, channels: image.channels))
    }
}

extension SettingVisitor {
    /// The settings that all pooling layers have in common.
    mutating func visit(_ window: inout PoolWindow) throws(Failure) {
        try visit("window", &window.size, .imageExtent, .together, "Height and width of a window.")
        try visit(
            "stride", &window.stride, .imageExtent, .together, default: window.size, text: "the window",
            "Rows and columns from one window to the next.")
        try visit(
            "padding", &window.padding, .choice, .together,
            "`valid` keeps windows inside the image, `same` pads it so that each stride has its window.")
    }
}

/// 2×2 windows with stride 2, for which the kernels have special code.
struct TwoByTwoMaxPoolPlan: UnitPlan {
    let image: ImageShape

    var name: String { "MaxPool2D" }
    var outputCount: Int { (image.height / 2) * (image.width / 2) * image.channels }
    var keepsOnlySigns: Bool { true }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        TwoByTwoMaxPoolUnit(
            image, wiring: site.wiring, sampleCapacity: site.capacity.sampleCount, kernels: site.kernels)
    }
}

final class TwoByTwoMaxPoolUnit: ExecutionUnit {
    private let image: ImageShape
    private let wiring: UnitWiring
    private let windowIndex: AlignedBuffer<UInt8>
    private let kernels: KernelTable

    init(_ image: ImageShape, wiring: UnitWiring, sampleCapacity: Int, kernels: KernelTable) {
        self.image = image
        self.wiring = wiring
        self.kernels = kernels
        windowIndex = AlignedBuffer(count: sampleCapacity * wiring.outputCount)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let arguments = MaxPoolArguments(
            sampleCount: block.count, inputHeight: image.height, inputWidth: image.width, channels: image.channels,
            input: wiring.input(of: block), output: wiring.output(of: block),
            windowIndex: windowIndex.pointer + block.slot * wiring.outputCount)
        kernels.maxPoolForward(arguments)
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let offset = samples.lowerBound * wiring.outputCount
        let arguments = MaxPoolArguments(
            sampleCount: samples.count, inputHeight: image.height, inputWidth: image.width, channels: image.channels,
            windowIndex: windowIndex.pointer + offset, outputGradient: wiring.outputGradient + offset,
            inputGradient: inputGradient + samples.lowerBound * wiring.inputCount)
        kernels.maxPoolBackward(arguments)
    }
}

/// Any window.
struct MaxPoolPlan: UnitPlan {
    let geometry: WindowGeometry
    let channels: Int

    var name: String { "MaxPool2D" }
    var outputCount: Int { geometry.outputHeight * geometry.outputWidth * channels }
    var keepsOnlySigns: Bool { true }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        MaxPoolUnit(self, wiring: site.wiring, sampleCapacity: site.capacity.sampleCount)
    }
}

/// Max-pooling with any window, stride and padding: the first maximum in row order; padding never wins.
final class MaxPoolUnit: ExecutionUnit {
    private let plan: MaxPoolPlan
    private let wiring: UnitWiring
    /// For each output of each sample, where in the sample's input its maximum was.
    private let sources: AlignedBuffer<Int32>

    init(_ plan: MaxPoolPlan, wiring: UnitWiring, sampleCapacity: Int) {
        self.plan = plan
        self.wiring = wiring
        sources = AlignedBuffer(count: sampleCapacity * wiring.outputCount)
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let input = wiring.input(of: block)
        for sample in 0..<block.count {
            let offset = (block.slot + sample) * wiring.outputCount
            pool(input + sample * wiring.inputCount, wiring.output + offset, sources.pointer + offset)
        }
    }

    private func pool(
        _ image: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ sources: UnsafeMutablePointer<Int32>
    ) {
        let channels = plan.channels
        plan.geometry.forEachWindow { position, rows, columns in
            let (best, source) = (output + position * channels, sources + position * channels)
            var isFirst = true
            for y in rows {
                for x in columns {
                    let pixel = (y * plan.geometry.inputWidth + x) * channels
                    for channel in 0..<channels where isFirst || image[pixel + channel] > best[channel] {
                        best[channel] = image[pixel + channel]
                        source[channel] = Int32(truncatingIfNeeded: pixel + channel)
                    }
                    isFirst = false
                }
            }
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        for sample in samples {
            let target = inputGradient + sample * wiring.inputCount
            target.update(repeating: 0, count: wiring.inputCount)
            let offset = sample * wiring.outputCount
            for index in 0..<wiring.outputCount {
                target[Int(sources.pointer[offset + index])] += wiring.outputGradient[offset + index]
            }
        }
    }
}
