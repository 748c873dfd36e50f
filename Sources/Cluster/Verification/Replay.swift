import NeuralNetwork
import Runs
import Training

/// A replay on its way: the trainer, and what has been compared.
struct Replay {
    private let run: RunVerifier
    private let trainer: Trainer
    private let exchange: LocalExchange
    private let startName: String?
    private var report: VerificationReport

    init(_ run: RunVerifier, _ trainer: Trainer, start: KeptState?) {
        self.run = run
        self.trainer = trainer
        startName = start?.name
        exchange = LocalExchange(arenaCount: run.model.arenaCount)
        report = VerificationReport(start: start?.name, startStep: trainer.completedSteps)
    }

    /// The report, with what is wrong with the run's files.
    func finished() -> VerificationReport {
        var report = report
        report.problems = run.problems
        report.missing = run.missing
        return report
    }

    /// Computes the next step and compares what it brings; returns the line of an epoch that ended with it.
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

    /// Compares the state with every checkpoint that has finished as many rounds.
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
