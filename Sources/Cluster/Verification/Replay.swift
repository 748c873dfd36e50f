import Experiments
import NeuralNetwork
import Runs
import Training

/// A running replay: the trainer, and the report so far.
struct Replay {
    private let run: RunVerifier
    private let trainer: TrainingReplica
    private let exchange: LocalExchange
    private let startName: String?
    private var report: VerificationReport

    init(_ run: RunVerifier, _ trainer: TrainingReplica, start: KeptState?) {
        self.run = run
        self.trainer = trainer
        startName = start?.name
        exchange = LocalExchange(arenaCount: run.model.arenaCount)
        report = VerificationReport(start: start?.name, startStep: trainer.completedSteps)
    }

    /// The report, with the problems of the run's files.
    func finished() -> VerificationReport {
        var report = report
        report.problems = run.problems
        report.missing = run.missing
        return report
    }

    /// Computes the next step and compares its results; returns the report's line of an epoch that ended with it.
    mutating func runStep() throws -> String? {
        let step = trainer.completedSteps
        let result: StepResult
        do {
            result = try trainer.runStep(exchange)
        } catch let error as TrainingError {
            throw VerificationError.stepFailed(step: step + 1, reason: error.description)
        }
        if let summary = result.summary { compare(summary, step: step) }
        if let epoch = result.epoch { compare(epoch.row) }
        try compareCheckpoints()
        return result.epoch == nil ? nil : report.epochs.last?.line
    }

    private mutating func compare(_ summary: StepSummary, step: Int) {
        if report.epochs.last?.epoch != summary.epoch + 1 {
            report.epochs.append(EpochVerification(epoch: summary.epoch + 1))
        }
        let index = report.epochs.count - 1
        report.epochs[index].replayedSteps += 1
        guard let journalled = run.journal?.stepDigests[UInt64(step)] else { return }
        let replayed = UInt64(summary.gradientChecksum)
        let difference = StepDifference(
            step: summary.step + 1, trainingStep: step + 1, replayed: replayed, journalled: journalled)
        report.epochs[index].compare(difference, isEqual: replayed == journalled)
    }

    private mutating func compare(_ row: EpochRow) {
        if report.epochs.last?.epoch != row.epoch { report.epochs.append(EpochVerification(epoch: row.epoch)) }
        guard row.epoch <= run.rows.count else { return }
        let isEqual = run.rows[row.epoch - 1].jsonLine == row.jsonLine
        report.epochs[report.epochs.count - 1].row = isEqual ? .equal : .different
    }

    /// Compares the state with every checkpoint of the same round.
    private mutating func compareCheckpoints() throws {
        let round = trainer.state.progress.round
        let candidates = run.kept.states.filter { $0.round == round && $0.name != startName }
        guard !candidates.isEmpty else { return }
        let bytes = trainer.state.encoded(model: run.model, experiment: run.experiment)
        let replayed = try Safetensors(bytes: bytes)
        for candidate in candidates {
            report.checkpoints.append(
                try CheckpointVerification(
                    name: candidate.name, completedSteps: trainer.completedSteps,
                    file: Safetensors(path: candidate.path), replayed: replayed))
        }
    }
}

/// Where a replay begins and ends.
struct ReplayPlan {
    /// Nil for the state that the seed gives.
    let start: KeptState?
    /// Rounds that are finished at the end.
    let endRound: Int

    init(_ extent: RunVerifier.Extent, _ run: RunVerifier) throws(VerificationError) {
        let roundsPerEpoch = run.schedule.roundsPerEpoch
        let reached = run.reachedRound
        guard reached > 0 else { throw .nothingToReplay(run: run.paths.run) }
        let lastEpoch = (reached - 1) / roundsPerEpoch + 1
        let isSeeded = run.experiment.initialWeights == nil
        let epoch: Int
        switch extent {
        case .everything:
            epoch = 1
            start = isSeeded ? nil : run.kept.oldest
            endRound = reached
        case .epoch(let asked):
            guard asked <= lastEpoch else {
                throw .epochNotReached(run: run.paths.run, epoch: asked, reached: lastEpoch)
            }
            epoch = asked
            start = run.kept.newest(upTo: (epoch - 1) * roundsPerEpoch)
            endRound = min(epoch * roundsPerEpoch, reached)
        case .lastEpoch:
            epoch = lastEpoch
            // The first state of a run with weights from a file may be gone: then the replay starts within the epoch.
            start =
                run.kept.newest(upTo: (epoch - 1) * roundsPerEpoch)
                ?? (isSeeded ? nil : run.kept.newest(upTo: reached - 1))
            endRound = reached
        }
        guard isSeeded || start != nil else { throw .noStart(run: run.paths.run, epoch: epoch) }
    }
}

extension CheckpointVerification {
    /// Compares a file with the bytes that the replay would save. Their experiments may differ in the number of epochs.
    init(name: String, completedSteps: Int, file: Safetensors, replayed: Safetensors) throws {
        self.name = name
        self.completedSteps = completedSteps
        tensorCount = replayed.tensors.count
        differentTensors = replayed.tensors.compactMap { Self.difference($0, replayed, file) }
        hasEqualProgress = try ReplicatedState.progress(in: file) == ReplicatedState.progress(in: replayed)
    }

    /// How a tensor differs from the file's tensor of the same name; a missing one differs in every element.
    private static func difference(
        _ tensor: Safetensors.Tensor, _ replayed: Safetensors, _ file: Safetensors
    ) -> TensorDifference? {
        let width = max(1, tensor.byteRange.count / max(1, tensor.shape.reduce(1, *)))
        let count = tensor.byteRange.count / width
        guard let other = file.tensor(named: tensor.name), other.elementType == tensor.elementType,
            other.shape == tensor.shape
        else {
            return TensorDifference(name: tensor.name, firstElement: 0, elementCount: count, differentCount: count)
        }
        let different = replayed.withBytes(of: tensor) { left in
            file.withBytes(of: other) { right in
                (0..<count).filter { element in
                    (element * width..<element * width + width).contains { left[$0] != right[$0] }
                }
            }
        }
        return different.first.map {
            TensorDifference(
                name: tensor.name, firstElement: $0, elementCount: count, differentCount: different.count)
        }
    }
}
