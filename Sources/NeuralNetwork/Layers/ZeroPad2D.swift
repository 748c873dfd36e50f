package import Core

/// Rows and columns of zeros around an image.
package struct ZeroPad2D: Layer {
    package static let names = LayerNames(
        "zero_pad2d", label: "ZeroPad2D", summaryType: "ZeroPadding2D", summaryStem: "zero_padding2d")
    package static let documentation = """
        Adds rows and columns of zeros around an image: `padding` has how many at the top, bottom, left and right, in \
        Keras's order; by default one each.
        """

    package var top: Int
    package var bottom: Int
    package var left: Int
    package var right: Int

    package init(top: Int = 1, bottom: Int = 1, left: Int = 1, right: Int = 1) {
        self.top = top
        self.bottom = bottom
        self.left = left
        self.right = right
    }

    package init() { self.init(top: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        var padding = [top, bottom, left, right]
        try visitor.visit(
            "padding", &padding, .padding, .whenChanged, "Zeros at the top, bottom, left and right.")
        (top, bottom, left, right) = (padding[0], padding[1], padding[2], padding[3])
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        let image = try input.image
        guard [top, bottom, left, right].allSatisfy({ (0...TensorShape.elementLimit).contains($0) }) else {
            throw LayerProblem("the padding is \(top), \(bottom), \(left), \(right), but must be 0 or more")
        }
        let output = ImageShape(
            height: image.height + top + bottom, width: image.width + left + right, channels: image.channels)
        guard TensorShape.checkedProduct([output.height, output.width, output.channels]) != nil else {
            throw LayerProblem("the padding leaves no possible size")
        }
        return .image(output)
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        graph.append(
            ZeroPad2DPlan(
                input: site.input.checkedImage,
                padding: ImagePadding(top: top, left: left, bottom: bottom, right: right),
                outputCount: site.output.elementCount),
            inputs: site.inputBuffer)
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let extents = graph.constant([0, 0, top, left, 0, 0, bottom, right])
        return graph.append("Pad", [site.inputValue, extents], ["mode": .text("constant")])
    }

    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        [ImagePadding(top: top, left: left, bottom: bottom, right: right).torchModule(value: "0.0")]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        let (rows, columns) = (ValueText.list([top, bottom]), ValueText.list([left, right]))
        return [KerasLayer("ZeroPadding2D", ["padding": "[\(rows), \(columns)]"])]
    }
}

extension LayerConfiguration {
    /// Rows and columns of zeros around an image.
    public static func zeroPad2D(top: Int = 1, bottom: Int = 1, left: Int = 1, right: Int = 1) -> Self {
        Self(ZeroPad2D(top: top, bottom: bottom, left: left, right: right))
    }
}

extension SettingFormat where Value == [Int] {
    /// `[top, bottom, left, right]`.
    fileprivate static var padding: Self {
        Self(
            "`[top, bottom, left, right]`, 0 to 1024",
            read: { node throws(SettingError) in
                try node.integers("a list of top, bottom, left and right", count: 4, 0...1024)
            }, text: { "[" + $0.map(String.init).joined(separator: ", ") + "]" })
    }
}

struct ZeroPad2DPlan: UnitPlan {
    let input: ImageShape
    let padding: ImagePadding
    let outputCount: Int

    var name: String { "ZeroPad2D" }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        ZeroPad2DUnit(self, wiring: site.wiring)
    }
}

/// Copies the image into the middle of its output, and the middle of the gradient back.
final class ZeroPad2DUnit: ExecutionUnit {
    private let plan: ZeroPad2DPlan
    private let wiring: UnitWiring

    init(_ plan: ZeroPad2DPlan, wiring: UnitWiring) {
        self.plan = plan
        self.wiring = wiring
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let (input, output) = (wiring.input(of: block), wiring.output(of: block))
        output.update(repeating: 0, count: block.count * wiring.outputCount)
        for sample in 0..<block.count {
            plan.padding.copy(
                input + sample * wiring.inputCount, height: plan.input.height, width: plan.input.width,
                channels: plan.input.channels, into: output + sample * wiring.outputCount)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient else { return }
        let rowCount = plan.input.width * plan.input.channels
        let paddedRowCount = rowCount + (plan.padding.left + plan.padding.right) * plan.input.channels
        let first = plan.padding.top * paddedRowCount + plan.padding.left * plan.input.channels
        for sample in samples {
            let source = wiring.outputGradient + sample * wiring.outputCount + first
            let target = inputGradient + sample * wiring.inputCount
            for row in 0..<plan.input.height {
                (target + row * rowCount).update(from: source + row * paddedRowCount, count: rowCount)
            }
        }
    }
}
