package import Core

/// Each channel of the input `count` times, one whole set after the other.
package struct RepeatChannels: Layer {
    package static let names = LayerNames("repeat_channels", label: "RepeatChannels")
    package static let documentation = """
        Repeats the channels of each pixel, one whole set after the other: a b becomes a b a b, and a grey image becomes one \
        with three equal channels. It has no gradient, so it has to precede all layers that learn.
        """
    package static var preparesInput: Bool { true }

    package var count: Int

    package init(count: Int) {
        self.count = count
    }

    package init() { self.init(count: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visitValue(&count, .within(1...4096), "How many sets of channels the output has.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        let image = try input.image
        guard count >= 1, TensorShape.checkedProduct([image.height, image.width, image.channels, count]) != nil else {
            throw LayerProblem("count is \(count), but must be at least 1 and leave a possible size")
        }
        return .image(ImageShape(height: image.height, width: image.width, channels: image.channels * count))
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(RepeatChannelsPlan(input: site.input.checkedImage, count: count), inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let sets = [OperatorGraph.Value](repeating: site.inputValue, count: count)
        return graph.append("Concat", sets, ["axis": .integer(1)])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [
            TorchModule(
                "RepeatChannels(\(count))", stem: "repeat",
                definition: """
                    class RepeatChannels(nn.Module):
                        \"""All channels `count` times, one whole set after the other.\"""

                        def __init__(self, count):
                            super().__init__()
                            self.count = count

                        def forward(self, x):
                            return x.repeat(1, self.count, 1, 1)
                    """)
        ]
    }

    /// Keras has no such layer: a convolution by a fixed kernel [1, 1, inputs, outputs] copies the channels.
    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        let channels = site.input.checkedImage.channels
        let kernel = (0..<channels).flatMap { input in
            (0..<channels * count).map { $0 % channels == input ? Float(1) : 0 }
        }
        return [
            KerasLayer(
                "Conv2D",
                [
                    "filters": String(channels * count), "kernel_size": ValueText.list([1, 1]), "use_bias": "false",
                    "trainable": "false",
                ], tensors: .constant(shape: [1, 1, channels, channels * count], kernel))
        ]
    }
}

extension LayerConfiguration {
    /// `count` equal sets of channels in a row, before all layers that learn.
    public static func repeatChannels(count: Int) -> Self { Self(RepeatChannels(count: count)) }
}

struct RepeatChannelsPlan: UnitPlan {
    let input: ImageShape
    let count: Int

    var name: String { "RepeatChannels" }
    var outputCount: Int { input.elementCount * count }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        RepeatChannelsUnit(self, wiring: site.wiring)
    }
}

/// Each pixel's channels several times, one whole set after the other.
final class RepeatChannelsUnit: ExecutionUnit {
    private let plan: RepeatChannelsPlan
    private let wiring: UnitWiring

    init(_ plan: RepeatChannelsPlan, wiring: UnitWiring) {
        self.plan = plan
        self.wiring = wiring
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let channels = plan.input.channels
        var target = wiring.output(of: block)
        var source = wiring.input(of: block)
        for _ in 0..<block.count * plan.input.height * plan.input.width {
            for _ in 0..<plan.count {
                target.update(from: source, count: channels)
                target += channels
            }
            source += channels
        }
    }
}
