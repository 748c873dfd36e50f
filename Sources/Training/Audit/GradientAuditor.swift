import Collectives
import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork
import Runs

/// Recomputes the gradient roots of any worker's run of micro-batches, in separate memory.
///
/// Dropout and augmentation draw by step and position, so the second computation gives the same bits as the first, on
/// any number of threads and any instruction set. Layers that depend on the whole batch use the sums that the workers
/// agreed on; the audited worker's part of those sums is in its digests.
package final class GradientAuditor {
    private let experiment: Experiment
    private let model: Model
    private let schedule: BatchSchedule
    private let computer: StepComputer
    private let notes: AuditNotes
    private var order: EpochOrderCache
    private var roots: AlignedBuffer<Float>
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>

    /// Allocates memory for a pass and starts compute threads.
    ///
    /// - Throws: `DatasetError` when the data do not fit the model, `ArithmeticModeError` when the rounding mode is not
    ///   the default of IEEE 754.
    package init(
        experiment: Experiment, model: Model, data: TrainingData, kernels: KernelTable, threadCount: Int
    ) throws {
        self.experiment = experiment
        self.model = model
        schedule = data.schedule(experiment)
        computer = try StepComputer(
            experiment: experiment, model: model, dataset: data.dataset, kernels: kernels, threadCount: threadCount)
        notes = AuditNotes(model)
        order = EpochOrderCache(training: data.split.training, seed: experiment.seed)
        roots = AlignedBuffer<Float>(count: 0)
        statistics = .allocate(capacity: experiment.microBatchCount)
        statistics.initialize(repeating: MicroBatchStatistics())
    }

    deinit {
        statistics.deallocate()
    }

    /// The digests of the roots of `run` in the step that follows `state`, as `AuditNotes` of its owner has them.
    /// `agreedSums` are the sums that the workers agreed on inside the pass, one array each; empty for most models.
    package func digests(
        ofRun run: Range<Int>, after state: ReplicatedState, agreedSums: [[Float]]
    ) throws(AuditError) -> [UInt64] {
        guard case .train(let epoch, let step) = schedule.round(state.progress.round) else {
            throw .noStep(round: state.progress.round)
        }
        guard agreedSums.map(\.count) == model.agreedSumCounts else {
            throw .agreedSums(expected: model.agreedSumCounts, found: agreedSums.map(\.count))
        }
        let batch = schedule.batch(ofStep: step)
        take(run)
        notes.begin(rootCount: rootCount(run, batchSize: batch.count))
        let gradients = GradientRoots(floats: roots.pointer, stride: model.arenaCount)
        computer.computeGradients(
            samples: order.indices(ofEpoch: epoch), batch: batch,
            step: schedule.completedSteps(before: state.progress.round), parameters: state.parameters.pointer,
            roots: gradients, statistics: statistics, exchange: AuditExchange(notes, agreedSums))
        return notes.digests(of: gradients)
    }

    private func take(_ run: Range<Int>) {
        guard run != computer.run else { return }
        let sizes = [0, schedule.stepsPerEpoch - 1].map { schedule.batch(ofStep: $0).count }
        computer.own(run, batchSizes: sizes)
        let count = sizes.map { rootCount(run, batchSize: $0) }.max() ?? 0
        // A run without samples has memory, too.
        roots = AlignedBuffer<Float>(count: max(1, count) * model.arenaCount)
    }

    private func rootCount(_ run: Range<Int>, batchSize: Int) -> Int {
        LocalProgram(run: run, of: MicroBatches(sampleCount: batchSize, count: experiment.microBatchCount)).roots.count
    }
}

/// Replaces the exchange of the audited worker: notes its parts of sums inside the pass, and returns the sums that the
/// workers agreed on.
final class AuditExchange: GradientExchange {
    private let notes: AuditNotes
    private let agreedSums: [[Float]]
    private var sumCount = 0
    /// The last returned sum.
    private let memory: AlignedBuffer<Float>

    init(_ notes: AuditNotes, _ agreedSums: [[Float]]) {
        self.notes = notes
        self.agreedSums = agreedSums
        memory = AlignedBuffer<Float>(count: agreedSums.map(\.count).max() ?? 0)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        guard sumCount < agreedSums.count, agreedSums[sumCount].count == count else { return nil }
        memory.pointer.update(from: agreedSums[sumCount], count: count)
        sumCount += 1
        let total = UnsafePointer(memory.pointer)
        notes.noteSum(roots: roots, stride: rootStride, count: count, total: total)
        return total
    }

    func bucketFinished(_ index: Int) {}

    func begin(round: Int, batchSize: Int) -> GradientRoots {
        preconditionFailure("an audit exchanges nothing")
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) -> UnsafePointer<Float> {
        preconditionFailure("an audit exchanges nothing")
    }

    func exchange(round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) {
        preconditionFailure("an audit exchanges nothing")
    }
}

/// Re-executes a step from the serialized state before it, to find which of a worker and its auditor has the wrong
/// gradient.
package final class AuditReexecution {
    private let experiment: Experiment
    private let model: Model
    private let schedule: BatchSchedule
    private let auditor: GradientAuditor

    /// Throws the errors of `GradientAuditor`.
    package init(
        experiment: Experiment, model: Model, data: TrainingData, kernels: KernelTable, threadCount: Int
    ) throws {
        self.experiment = experiment
        self.model = model
        schedule = data.schedule(experiment)
        auditor = try GradientAuditor(
            experiment: experiment, model: model, data: data, kernels: kernels, threadCount: threadCount)
    }

    /// The right digests of a run of micro-batches. `state` is the serialized state before the step, `step` counts the
    /// training's steps before it.
    ///
    /// - Throws: `SafetensorsError` or `CheckpointError` for a state of another experiment, `AuditError` for a state
    ///   before another step.
    package func digests(ofRun run: Range<Int>, state: [UInt8], step: Int, agreedSums: [[Float]]) throws -> [UInt64] {
        let state = try ReplicatedState(
            checkpoint: Safetensors(bytes: state), model: model, experiment: experiment, schedule: schedule)
        let found = schedule.completedSteps(before: state.progress.round)
        guard found == step else { throw AuditError.otherStep(expected: step + 1, found: found + 1) }
        return try auditor.digests(ofRun: run, after: state, agreedSums: agreedSums)
    }
}

/// Why a gradient cannot be recomputed.
package enum AuditError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The state is not the one before this step (both counted from 1).
    case otherStep(expected: Int, found: Int)
    /// The state is before a validation, which has no gradient.
    case noStep(round: Int)
    /// The sums agreed on inside the pass do not have the sizes that the model requires.
    case agreedSums(expected: [Int], found: [Int])

    package var description: String {
        switch self {
        case .otherStep(let expected, let found):
            "the audit is of step \(expected), but the state is before step \(found): give the state before the step"
        case .noStep(let round):
            "the state is before round \(round), a validation, which has no gradient to audit"
        case .agreedSums(let expected, let found):
            "the model has sums of \(expected) numbers inside its pass, the audit was given \(found): "
                + "give the sums that the workers agreed on"
        }
    }
}
