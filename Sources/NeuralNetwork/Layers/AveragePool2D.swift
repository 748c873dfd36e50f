package import Core

/// The mean of each window of an image, each channel by itself.
package struct AveragePool2D: Layer {
    package static let names = LayerNames(
        "average_pool2d", label: "AveragePool2D", summaryType: "AveragePooling2D", summaryStem: "average_pooling2d")
    package static let documentation = """
        The mean of each window's pixels inside the image, each channel by itself: padding is not counted, as in Keras.
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
        return graph.append(
            AveragePoolPlan(geometry: window.geometry(on: image), channels: image.channels), inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.append(
            "AveragePool", [site.inputValue], window.geometry(on: site.input.checkedImage).operatorAttributes)
    }

    /// Torch pads both sides alike, and at most by half a window.
    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let geometry = window.geometry(on: site.input.checkedImage)
        let (size, stride) = geometry.torchExtents
        if let padding = geometry.torchPadding {
            let settings = "\(size), stride=\(stride), padding=\(padding), count_include_pad=False"
            return [TorchModule("nn.AvgPool2d(\(settings))", stem: "avgpool")]
        }
        return [
            TorchModule(
                "AveragePoolInside(\(size), \(stride), \(geometry.padding.torchTuple))", stem: "avgpool",
                definition: Self.torchDefinition)
        ]
    }

    private static let torchDefinition = """
        class AveragePoolInside(nn.Module):
            \"""The mean of each window's pixels inside the image, with padding (left, right, top, bottom).\"""

            def __init__(self, window, stride, padding):
                super().__init__()
                self.window, self.stride, self.padding = window, stride, padding

            def forward(self, x):
                def pool(y):
                    return nn.functional.avg_pool2d(nn.functional.pad(y, self.padding), self.window, self.stride)

                return pool(x) / pool(torch.ones_like(x[:1, :1]))
        """

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [KerasLayer("AveragePooling2D", window.kerasArguments)]
    }
}

extension LayerConfiguration {
    /// The mean of each window, each channel by itself. Without a stride windows lie side by side.
    public static func averagePool2D(
        window: Extent = 2, stride: Extent? = nil, padding: Padding = .valid
    ) -> Self {
        Self(AveragePool2D(window: window, stride: stride, padding: padding))
    }
}

struct AveragePoolPlan: UnitPlan {
    let geometry: WindowGeometry
    let channels: Int

    var name: String { "AveragePool2D" }
    var outputCount: Int { geometry.outputHeight * geometry.outputWidth * channels }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        AveragePoolUnit(self, wiring: site.wiring)
    }
}

/// Average pooling with any window, stride and padding: the sum in row order over the pixels inside the image, divided
/// once by their number, as Keras counts them.
final class AveragePoolUnit: ExecutionUnit {
    private let plan: AveragePoolPlan
    private let wiring: UnitWiring

    init(_ plan: AveragePoolPlan, wiring: UnitWiring) {
        self.plan = plan
        self.wiring = wiring
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let channels = plan.channels
        for sample in 0..<block.count {
            let image = wiring.input(of: block) + sample * wiring.inputCount
            let output = wiring.output + (block.slot + sample) * wiring.outputCount
            plan.geometry.forEachWindow { position, rows, columns in
                let mean = output + position * channels
                mean.update(repeating: 0, count: channels)
                forEachPixel(rows, columns) { pixel in
                    for channel in 0..<channels { mean[channel] += image[pixel + channel] }
                }
                let count = Float(rows.count * columns.count)
                for channel in 0..<channels { mean[channel] /= count }
            }
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let channels = plan.channels
        for sample in samples {
            let target = inputGradient + sample * wiring.inputCount
            target.update(repeating: 0, count: wiring.inputCount)
            let gradient = wiring.outputGradient + sample * wiring.outputCount
            plan.geometry.forEachWindow { position, rows, columns in
                let source = gradient + position * channels
                let count = Float(rows.count * columns.count)
                forEachPixel(rows, columns) { pixel in
                    for channel in 0..<channels { target[pixel + channel] += source[channel] / count }
                }
            }
        }
    }

    @inline(__always)
    private func forEachPixel(_ rows: Range<Int>, _ columns: Range<Int>, _ body: (_ offset: Int) -> Void) {
        for y in rows {
            for x in columns { body((y * plan.geometry.inputWidth + x) * plan.channels) }
        }
    }
}
