internal import KernelInterface

/// The loss of the last layer's sums, with the activation that it takes in.
struct LossPlan: UnitPlan {
    let loss: any Loss
    let classCount: Int
    let activation: Activation

    var name: String { activation == .linear ? "loss" : "\(activation.name) + loss" }
    var outputCount: Int { 0 }
    var isLoss: Bool { true }

    /// The loss of what `activation` makes of the logits; nil where the loss is not defined for it.
    func applying(_ activation: Activation) -> LossPlan? {
        guard self.activation == .linear, type(of: loss).outputActivations.contains(activation) else { return nil }
        return LossPlan(loss: loss, classCount: classCount, activation: activation)
    }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit {
        LossUnit(self, logits: site.inputs[0], results: site.results, kernels: site.kernels)
    }
}

/// Writes losses, hits, predictions, probabilities and the gradient of the logits; there is nothing left for a backward
/// pass.
final class LossUnit: ExecutionUnit {
    private let plan: LossPlan
    private let targets: LossTargets
    private let logits: BufferView
    private let results: PassResults
    private let kernels: KernelTable

    init(_ plan: LossPlan, logits: BufferView, results: PassResults, kernels: KernelTable) {
        self.plan = plan
        targets = LossTargets(plan.loss, classCount: plan.classCount)
        self.logits = logits
        self.results = results
        self.kernels = kernels
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        guard let gradient = logits.gradient else { preconditionFailure("the plan keeps the gradient of the logits") }
        let classes = plan.classCount
        let rows = LossRows(
            count: block.count, classCount: classes, logits: logits.values(of: block),
            labels: results.labels + block.sample, probabilities: results.probabilities + block.sample * classes,
            losses: results.losses + block.sample, predictions: results.predictions + block.sample,
            correct: results.correct + block.sample, logitGradient: gradient + block.slot * classes,
            targets: targets)
        plan.loss.evaluate(rows, activation: plan.activation, kernels: kernels)
    }
}
