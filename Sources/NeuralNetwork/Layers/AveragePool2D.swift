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
