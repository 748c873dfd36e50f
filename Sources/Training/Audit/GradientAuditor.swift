import Collectives
import Datasets
package import Experiments
package import KernelInterface
package import NeuralNetwork

/// Computes the gradient roots of any worker's run of micro-batches once more, in memory of its own.
///
/// Dropout and augmentation draw by step and position, so the second computation gives the same bits as the first, on any
/// number of threads and any instruction set. Layers that look at the whole batch take the sums that the workers agreed on;
/// what the audited worker added to those sums is part of its digests.
package final class GradientAuditor {
    private let experiment: Experiment
    private let model: Model
    private let schedule: BatchSchedule
    private let computer: StepComputer
    private let notes: AuditNotes
    private var order: EpochOrderCache
    private var roots: AlignedBuffer<Float>
    private let statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>

    /// Takes memory for a pass and compute threads of its own. Throws `DatasetError` when the data do not fit the model,
    /// `ArithmeticModeError` when floating point does not round as IEEE says by default.
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
    /// `agreedSums` is what the workers agreed on inside the pass, one array a sum; empty for most models.
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
        // A run without samples still has a place to be given.
        roots = AlignedBuffer<Float>(count: max(1, count) * model.arenaCount)
    }

    private func rootCount(_ run: Range<Int>, batchSize: Int) -> Int {
        LocalProgram(run: run, of: MicroBatches(sampleCount: batchSize, count: experiment.microBatchCount)).roots.count
    }
}
