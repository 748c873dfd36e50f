package import Core

/// Bilinear resizing of the input, with pixel centres at half integers as in TensorFlow.
package struct Resize: Layer {
    package static let names = LayerNames("resize", label: "Resize", summaryType: "Resizing", summaryStem: "resizing")
    package static let documentation = """
        Bilinear resizing to `[height, width]`, with pixel centres at half integers and without antialiasing, as \
        TensorFlow's `resize`. It has no gradient, so it has to precede all layers that learn.
        """
    package static var preparesInput: Bool { true }

    package var size: Extent

    package init(_ size: Extent) {
        self.size = size
    }

    package init() { self.init(Extent(1)) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visitValue(&size, .imageExtent, "Height and width of the output.")
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        let channels = try input.image.channels
        guard size.height >= 1, size.width >= 1,
            TensorShape.checkedProduct([size.height, size.width, channels]) != nil
        else { throw LayerProblem("\(size.height)×\(size.width) is not a possible size") }
        return .image(ImageShape(height: size.height, width: size.width, channels: channels))
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(ResizePlan(input: site.input.checkedImage, output: size), inputs: site.inputBuffer)
    }

    /// The operator takes all four sizes, of which the first is the batch's. Scales instead would be rounded.
    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let batch = graph.append("Shape", [site.inputValue], ["start": .integer(0), "end": .integer(1)])
        let image = graph.constant([site.input.checkedImage.channels, size.height, size.width])
        let sizes = graph.append("Concat", [batch, image], ["axis": .integer(0)])
        return graph.append(
            "Resize", [site.inputValue, .none, .none, sizes],
            ["mode": .text("linear"), "coordinate_transformation_mode": .text("half_pixel")])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let extents = ValueText.tuple([size.height, size.width])
        return [
            TorchModule("nn.Upsample(size=\(extents), mode=\"bilinear\", align_corners=False)", stem: "resize")
        ]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [
            KerasLayer(
                "Resizing",
                [
                    "height": String(size.height), "width": String(size.width),
                    "interpolation": ValueText.word("bilinear"),
                ])
        ]
    }
}

extension LayerConfiguration {
    /// Bilinear resizing of the input, before all layers that learn.
    public static func resize(_ size: Extent) -> Self { Self(Resize(size)) }
}

struct ResizePlan: UnitPlan {
    let input: ImageShape
    let output: Extent

    var name: String { "Resize" }
    var outputCount: Int { output.height * output.width * input.channels }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        ResizeUnit(self, wiring: site.wiring)
    }
}

/// Bilinear resizing with pixel centres at half integers and no antialiasing, as TensorFlow's `resize` does it: along
/// each axis output pixel i lies at (i + ½)·input/output − ½, held within the image; columns first, then rows.
final class ResizeUnit: ExecutionUnit {
    private let plan: ResizePlan
    private let wiring: UnitWiring
    private let rows: [Tap]
    private let columns: [Tap]

    /// The two neighbours of an output pixel along one axis, and how far it lies towards the second.
    private struct Tap {
        let first: Int
        let second: Int
        let share: Float
    }

    init(_ plan: ResizePlan, wiring: UnitWiring) {
        self.plan = plan
        self.wiring = wiring
        rows = Self.taps(input: plan.input.height, output: plan.output.height)
        columns = Self.taps(input: plan.input.width, output: plan.output.width)
    }

    private static func taps(input: Int, output: Int) -> [Tap] {
        (0..<output).map { index in
            let position = (Float(index) + 0.5) * (Float(input) / Float(output)) - 0.5
            let lower = position.rounded(.down)
            let first = min(max(Int(lower), 0), input - 1)
            return Tap(first: first, second: min(max(Int(lower) + 1, 0), input - 1), share: position - lower)
        }
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let (channels, width) = (plan.input.channels, plan.input.width)
        for sample in 0..<block.count {
            let image = wiring.input(of: block) + sample * wiring.inputCount
            var target = wiring.output(of: block) + sample * wiring.outputCount
            for row in rows {
                let (top, bottom) = (image + row.first * width * channels, image + row.second * width * channels)
                for column in columns {
                    let (left, right) = (column.first * channels, column.second * channels)
                    for channel in 0..<channels {
                        let upper = top[left + channel] + (top[right + channel] - top[left + channel]) * column.share
                        let lower =
                            bottom[left + channel] + (bottom[right + channel] - bottom[left + channel]) * column.share
                        target[channel] = upper + (lower - upper) * row.share
                    }
                    target += channels
                }
            }
        }
    }
}
