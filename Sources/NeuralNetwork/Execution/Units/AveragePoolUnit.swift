/// Average pooling with any window, stride and padding: the sum in row order over the pixels inside the image, divided
/// once by their number, as Keras counts them.
final class AveragePoolUnit: ExecutionUnit {
    private let plan: PoolPlan
    private let wiring: UnitWiring

    init(_ plan: PoolPlan, wiring: UnitWiring) {
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
