internal import KernelInterface

/// The last Dense, its softmax or sigmoid, and the loss: forward also writes losses, hits and the gradient of the
/// logits.
final class OutputUnit: ExecutionUnit {
    private let layer: DenseLayer
    private let loss: any Loss
    private let targets: LossTargets
    private let results: OutputResults
    private let kernels: KernelTable

    init(
        _ plan: DensePlan, loss: any Loss, wiring: UnitWiring, results: OutputResults, kernels: KernelTable
    ) {
        layer = DenseLayer(plan, wiring: wiring, kernels: kernels)
        self.loss = loss
        targets = LossTargets(loss, classCount: plan.outputCount)
        self.results = results
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let classes = layer.plan.outputCount
        layer.forward(block, into: results.logits + block.sample * classes, context)
        let rows = LossRows(
            count: block.count, classCount: classes, logits: results.logits + block.sample * classes,
            labels: results.labels + block.sample, probabilities: results.probabilities + block.sample * classes,
            losses: results.losses + block.sample, predictions: results.predictions + block.sample,
            correct: results.correct + block.sample,
            logitGradient: layer.wiring.outputGradient + block.slot * classes, targets: targets)
        loss.evaluate(rows, activation: layer.plan.activation, kernels: kernels)
    }

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        layer.parameterGradient(target, context)
    }

    var inputGradientBlockFactor: Int { DenseLayer.inputGradientBlockFactor }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        layer.inputGradient(samples, context)
    }
}

/// Where the output unit finds labels and leaves results, by sample number.
struct OutputResults: @unchecked Sendable {
    // Sendable: plain addresses of memory that the pass owns.
    let labels: UnsafePointer<UInt8>
    let logits: UnsafeMutablePointer<Float>
    let probabilities: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Float>
    let predictions: UnsafeMutablePointer<UInt8>
    let correct: UnsafeMutablePointer<UInt8>
}
