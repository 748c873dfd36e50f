internal import Core
internal import KernelInterface

/// Dropout (Srivastava et al. 2014), with the kept elements scaled by 1 / (1 − rate) in training and nothing done in
/// evaluation.
///
/// Draws are keyed by seed, layer, step, position in the global batch and element, and drawn again for the gradient:
/// no mask is kept.
final class DropoutUnit: ExecutionUnit {
    private let plan: DropoutPlan
    private let wiring: UnitWiring
    private let seed: UInt64
    private let kernels: KernelTable

    init(_ plan: DropoutPlan, wiring: UnitWiring, seed: UInt64, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.seed = seed
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let output = wiring.output + block.slot * plan.elementCount
        if let training = context.training {
            apply(training, samples: block.sample..<block.sample + block.count, wiring.input(of: block), output)
        } else if !plan.isInPlace {
            output.update(from: wiring.input(of: block), count: block.count * plan.elementCount)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient, let training = context.training else { return }
        let offset = samples.lowerBound * plan.elementCount
        apply(training, samples: samples, wiring.outputGradient + offset, inputGradient + offset)
    }

    private func apply(
        _ training: TrainingContext, samples: Range<Int>, _ source: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Float>
    ) {
        let arguments = DropoutArguments(
            sampleCount: samples.count, elementCount: plan.elementCount,
            firstPosition: UInt32(truncatingIfNeeded: training.batch.firstPosition + samples.lowerBound),
            step: UInt32(truncatingIfNeeded: training.batch.step), seed: seed,
            layer: UInt16(plan.layerIndex), purpose: RandomPurpose.dropout.rawValue,
            threshold: UInt32((plan.rate * 65536).rounded()), scale: 1 / (1 - plan.rate), input: source,
            output: target)
        kernels.dropout(arguments)
    }
}
