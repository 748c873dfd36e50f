import Datasets
package import Experiments
import Glibc
package import KernelInterface
import NeuralNetwork
import Runs
import Training

/// Replays a run in this process and compares what it kept: each step's gradient with the journal, each epoch's row with
/// metrics.jsonl, each state with the checkpoint of as many rounds, tensor by tensor.
///
/// A step is a pure function of the state before it, so one host without faults computes what any cluster with any
/// faults should have computed. The run directory is only read.
package struct RunVerifier {
    /// What is replayed.
    package enum Extent: Sendable, Equatable {
        /// The last epoch that was reached, also one that is not finished.
        case lastEpoch
        /// From 1.
        case epoch(Int)
        case everything
    }

    let paths: RunPaths
    package let experiment: Experiment
    let model: Model
    let data: TrainingData
    let schedule: BatchSchedule
    /// Nil when there is none.
    let journal: RunJournal?
    let rows: [EpochRow]
    let kept: KeptStates
    private let kernels: KernelTable
    private let threadCount: Int

    private static let metricsByteLimit = 64 << 20

    /// Reads the run and its data; `data` is a folder with the data set, before the usual places. Throws typed errors of the
    /// modules below; a journal or checkpoints that are not there are told by the report.
    package init(
        run: String, data: String?, environment: [String: String], kernels: KernelTable, threadCount: Int
    ) throws {
        paths = RunPaths(run)
        let files = FileOperations()
        guard files.isDirectory(paths.run) else { throw RunDirectoryError.notARun(path: paths.run) }
        experiment = try Experiment.load(path: paths.experiment)
        model = try Model(experiment.model, loss: experiment.loss)
        let images = try DatasetLookup.load(experiment, data: data, environment: environment).training
        self.data = try TrainingData(dataset: images, experiment: experiment)
        schedule = self.data.schedule(experiment)
        journal = try Self.journal(of: paths, files)
        let metrics = try files.read(paths.metrics, byteLimit: Self.metricsByteLimit)
        rows = try EpochRow.rows(jsonLines: String(decoding: metrics, as: UTF8.self))
        kept = try KeptStates(
            of: paths, experiment: experiment, model: model, schedule: schedule, journal: journal)
        self.kernels = kernels
        self.threadCount = threadCount
    }

    private static func journal(of paths: RunPaths, _ files: FileOperations) throws(FileError) -> RunJournal? {
        do {
            return try RunJournal(of: paths, files: files)
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }

    /// Replays and compares. `progress` is told of each line of the report that a long replay has finished.
    package func verify(_ extent: Extent, progress: (String) -> Void = { _ in }) throws -> VerificationReport {
        let plan = try ReplayPlan(extent, self)
        let trainer = try Trainer(
            experiment: experiment, model: model, data: data, state: state(plan.start), kernels: kernels,
            threadCount: threadCount)
        trainer.own(0..<experiment.microBatchCount)
        trainer.takesGradientChecksum = true
        var replay = Replay(self, trainer, start: plan.start)
        while trainer.state.progress.round < plan.endRound, !trainer.isFinished {
            if let line = try replay.runStep() { progress(line) }
        }
        return replay.finished()
    }

    /// Rounds that the run has finished for all that its files say: metrics, checkpoints and journal.
    var reachedRound: Int {
        let steps = (journal?.stepDigests ?? [:]).keys.lazy.compactMap { Int(exactly: $0) }.filter {
            $0 < schedule.stepsPerEpoch * schedule.epochCount
        }
        let (epoch, step) = (steps.max() ?? -1).quotientAndRemainder(dividingBy: schedule.stepsPerEpoch)
        return max(
            rows.count * schedule.roundsPerEpoch, kept.states.map(\.round).max() ?? 0,
            epoch * schedule.roundsPerEpoch + step + 1)
    }

    private func state(_ start: KeptState?) throws -> ReplicatedState {
        guard let start else { return ReplicatedState(model: model, experiment: experiment) }
        return try ReplicatedState(
            checkpoint: Safetensors(path: start.path), model: model, experiment: experiment, schedule: schedule)
    }
}
