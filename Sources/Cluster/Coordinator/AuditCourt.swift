import Coordination
import KernelInterface
import Kernels
import Training
import Transport

/// Computes gradients that two workers disagree on, in a thread of its own: the coordinator's own never computes.
final class AuditCourt {
    private let run: PreparedRun
    private let environment: [String: String]
    let judgements: Mailbox<Judgement>

    /// The digest that a worker's gradient must have; nil when it could not be computed.
    struct Judgement: Sendable {
        /// The question's.
        var generation: UInt64
        var digest: UInt64?
    }

    init(_ run: PreparedRun, environment: [String: String]) throws(TransportError) {
        self.run = run
        self.environment = environment
        judgements = try Mailbox()
    }

    func judge(_ question: AuditQuestion) {
        // Everything that the thread uses is its own, or a value that nobody changes.
        let (experiment, model, training) = (run.experiment, run.model, run.trainingSet)
        let (environment, judgements) = (environment, judgements)
        _ = ControlThread {
            let digest = try? AuditFinding.folded(
                AuditReexecution(
                    experiment: experiment, model: model,
                    data: TrainingData(dataset: training, experiment: experiment),
                    kernels: InstructionSet.chosen(environment: environment).table, threadCount: 1
                ).digests(
                    ofRun: question.microBatches,
                    state: question.state, step: Int(question.completedSteps), agreedSums: []))
            judgements.post(Judgement(generation: question.generation, digest: digest))
        }
    }
}
