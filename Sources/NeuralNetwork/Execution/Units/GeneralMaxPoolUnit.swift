/// Max-pooling with any window, stride and padding: the first maximum in row order; padding never wins.
final class GeneralMaxPoolUnit: ExecutionUnit {
    private let plan: PoolPlan
    private let wiring: UnitWiring
    /// For each output of each sample, where in the sample's input its maximum was.
    private let sources: AlignedBuffer<Int32>

    init(_ plan: PoolPlan, wiring: UnitWiring, sampleCapacity: Int) {
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

extension WindowGeometry {
    /// Calls `body` for each output position, in row order, with the rows and columns of the image under its window.
    @inline(__always)
    func forEachWindow(_ body: (_ position: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        for y in 0..<outputHeight {
            let top = y * stride.height - padding.top
            let rows = max(top, 0)..<min(top + window.height, inputHeight)
            for x in 0..<outputWidth {
                let left = x * stride.width - padding.left
                body(y * outputWidth + x, rows, max(left, 0)..<min(left + window.width, inputWidth))
            }
        }
    }
}
