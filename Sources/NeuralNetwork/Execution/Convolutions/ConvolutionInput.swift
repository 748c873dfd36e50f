internal import KernelInterface

/// The input as the kernels want it: the unit's own input, or for "same" padding a padded copy of it.
final class ConvolutionInput: Sendable {
    private let plan: ConvolutionPlan
    private let wiring: UnitWiring
    private let padded: AlignedBuffer<Float>?

    init(_ plan: ConvolutionPlan, wiring: UnitWiring, sampleCapacity: Int) {
        self.plan = plan
        self.wiring = wiring
        padded = plan.padding.isEmpty ? nil : AlignedBuffer(count: sampleCapacity * plan.shape.inputCount)
    }

    /// The first sample's input in training.
    var base: UnsafePointer<Float> {
        padded.map { UnsafePointer($0.pointer) } ?? wiring.input
    }

    /// The block's input, copied and padded if needed.
    func prepare(_ block: SampleBlock) -> UnsafePointer<Float> {
        let source = wiring.input(of: block)
        guard let padded else { return source }
        let target = padded.pointer + block.slot * plan.shape.inputCount
        let padding = plan.padding
        for sample in 0..<block.count {
            padding.copy(
                source + sample * wiring.inputCount, height: plan.shape.inputHeight - padding.top - padding.bottom,
                width: plan.shape.inputWidth - padding.left - padding.right, channels: plan.shape.inputChannels,
                into: target + sample * plan.shape.inputCount)
        }
        return UnsafePointer(target)
    }
}
