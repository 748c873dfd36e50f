package import Experiments
package import KernelInterface
package import NeuralNetwork
import Runs

/// Decides between a worker and its auditor whose gradient is wrong, by computing it a third time from the state before
/// the step.
package final class AuditJudge {
    private let experiment: Experiment
    private let model: Model
    private let schedule: BatchSchedule
    private let auditor: GradientAuditor

    /// Throws what `GradientAuditor` throws.
    package init(
        experiment: Experiment, model: Model, data: TrainingData, kernels: KernelTable, threadCount: Int
    ) throws {
        self.experiment = experiment
        self.model = model
        schedule = data.schedule(experiment)
        auditor = try GradientAuditor(
            experiment: experiment, model: model, data: data, kernels: kernels, threadCount: threadCount)
    }

    /// The true digests of a run of micro-batches. `state` is the serialized state before the step, `step` counts the
    /// training's steps before it. Throws `SafetensorsError` or `CheckpointError` for a state that is none of this
    /// experiment's, `AuditError` for one that stands elsewhere.
    package func digests(ofRun run: Range<Int>, state: [UInt8], step: Int, agreedSums: [[Float]]) throws -> [UInt64] {
        let state = try ReplicatedState(
            checkpoint: Safetensors(bytes: state), model: model, experiment: experiment, schedule: schedule)
        let found = schedule.completedSteps(before: state.progress.round)
        guard found == step else { throw AuditError.otherStep(expected: step + 1, found: found + 1) }
        return try auditor.digests(ofRun: run, after: state, agreedSums: agreedSums)
    }
}
