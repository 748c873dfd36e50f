import Datasets
package import Experiments
import Glibc
package import KernelInterface
import NeuralNetwork
import Runs
import Training

/// Replays a run in this process and compares: each step's gradient with the journal, each epoch's row with
/// metrics.jsonl, each state with the checkpoint of the same round, tensor by tensor.
///
/// A step is a pure function of the state before it, so one host without faults computes what any cluster with any
/// faults should have computed. The run directory is only read.
package struct RunVerifier {
    /// What is replayed.
    package enum Extent: Sendable, Equatable {
        /// The last epoch that was reached, even if it is not finished.
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

    /// Reads the run and its data; `data` is a folder with the data set, instead of the usual places. Throws typed
    /// errors of the modules below; the report names a missing journal or missing checkpoints.
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

    /// Replays and compares. `progress` receives each line of the report as soon as it is complete.
    package func verify(_ extent: Extent, progress: (String) -> Void = { _ in }) throws -> VerificationReport {
        let plan = try ReplayPlan(extent, self)
        let trainer = try TrainingReplica(
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

    /// Rounds that the run has finished according to its metrics, checkpoints and journal.
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

extension RunVerifier {
    /// Files that are missing although other files of the run prove that they existed: one line each.
    var missing: [String] {
        var lines: [String] = []
        if journal == nil { lines.append("journal is missing: no gradient can be compared") }
        if !kept.hasLast, rows.count >= schedule.epochCount || journal?.hasSavedCheckpoint ?? false {
            lines.append("checkpoints/last.safetensors is missing: the state at the end cannot be compared")
        }
        let isTrained = kept.states.contains { $0.round >= schedule.roundsPerEpoch * schedule.epochCount }
        if isTrained, rows.count < schedule.epochCount {
            lines.append("metrics.jsonl has \(rows.count) of \(schedule.epochCount) rows")
        }
        return lines
    }

    /// Problems of the run's files, one line each.
    var problems: [String] {
        var lines = kept.problems
        if let problem = problemOfBest { lines.append(problem) }
        guard let journal else { return lines }
        if journal.isEmpty {
            lines.append("the journal has no readable record: it is damaged, or not the journal of a run")
        }
        let conflicts = journal.conflictingSteps.sorted()
        if let first = conflicts.first {
            lines.append(
                "the journal has two different gradients for each of \(conflicts.count) repeated steps, the first of which is "
                    + "step \(first + 1)")
        }
        return lines
    }
}

extension RunVerifier {
    /// Why `best` is not the state of the best epoch; nil if it is, or if it cannot be read.
    private var problemOfBest: String? {
        let name = "checkpoints/best.safetensors"
        guard let best = kept.states.first(where: { $0.name == name }) else { return nil }
        func bestRound(_ rows: some Sequence<EpochRow>) -> Int? {
            var progress = TrainingProgress()
            progress.rows = Array(rows)
            return progress.bestEpoch(experiment.earlyStopping).map { $0 * schedule.roundsPerEpoch }
        }
        // A run that was killed between its metrics and its checkpoint has a row more than its checkpoints have.
        let saved = kept.states.first { $0.name == "checkpoints/last.safetensors" }?.round ?? 0
        let expected = [bestRound(rows), bestRound(rows.prefix(saved / schedule.roundsPerEpoch))]
        guard !expected.contains(best.round), let round = expected[0] else { return nil }
        return "\(name) is of epoch \(best.round / schedule.roundsPerEpoch), but the best epoch in metrics.jsonl is "
            + "\(round / schedule.roundsPerEpoch)"
    }
}

/// Why a run cannot be verified. Each description is one line.
package enum VerificationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nothing of the run is complete yet: no step, no checkpoint.
    case nothingToReplay(run: String)
    case epochNotReached(run: String, epoch: Int, reached: Int)
    /// No state at or before the start of the epoch is kept, and the first weights came from a file.
    case noStart(run: String, epoch: Int)
    /// A step (from 1) of the run cannot be computed again.
    case stepFailed(step: Int, reason: String)

    package var description: String {
        switch self {
        case .nothingToReplay(let run): "the run \(run) has no finished step in its metrics or checkpoints to replay"
        case .epochNotReached(let run, let epoch, let reached):
            "the run \(run) has not reached epoch \(epoch): give --epoch a number up to \(reached)"
        case .stepFailed(let step, let reason):
            "the replay cannot compute step \(step), which the run has computed: \(reason)"
        case .noStart(let run, let epoch):
            "the run \(run) keeps no state from which epoch \(epoch) can be replayed, and its first weights came from a "
                + "file: only epochs that begin at a file in checkpoints/ can be verified (each epoch leaves one as last, then "
                + "previous, with --checkpoint-every 1; best.safetensors serves too)"
        }
    }
}
