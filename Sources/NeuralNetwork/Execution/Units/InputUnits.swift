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
            var target = wiring.output + (block.slot + sample) * wiring.outputCount
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

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {}
}

/// Each pixel's channels several times, one whole set after the other.
final class RepeatChannelsUnit: ExecutionUnit {
    private let plan: RepeatPlan
    private let wiring: UnitWiring

    init(_ plan: RepeatPlan, wiring: UnitWiring) {
        self.plan = plan
        self.wiring = wiring
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let channels = plan.input.channels
        var target = wiring.output + block.slot * wiring.outputCount
        var source = wiring.input(of: block)
        for _ in 0..<block.count * plan.input.height * plan.input.width {
            for _ in 0..<plan.count {
                target.update(from: source, count: channels)
                target += channels
            }
            source += channels
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {}
}
