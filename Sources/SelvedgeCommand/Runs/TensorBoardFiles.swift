import Cluster
import Coordination
import Experiments
import Foundation
import Glibc
import Kernels
import Reports
import Runs
import Synchronization
import Training

/// A run's event files for TensorBoard, from what its coordinator shows while it trains and from the report at the end.
///
/// A thread of its own writes them: the thread that answers workers never waits for a disk.
final class TensorBoardFiles {
    private let writer: Writer
    private let stepsPerEpoch: Int
    private var curve: StepCurve?
    /// The last report on the running epoch.
    private var progress: EpochProgress?

    /// Begins the files. A point of the curves over steps has `stepsPerPoint` steps; 0 leaves those curves out.
    init(_ run: PreparedRun, stepsPerPoint: Int) {
        let seconds = Date().timeIntervalSince1970
        let contents = TensorBoardLog.Contents(
            hasValidation: run.experiment.dataset.validation != .none, hasSteps: stepsPerPoint > 0)
        var log = TensorBoardLog(
            run.directory, contents, seconds: seconds, host: ProcessInfo.processInfo.hostName, process: getpid())
        if run.completedSteps == 0 { log.describe(experiment: run.experiment, model: run.model, seconds: seconds) }
        writer = Writer(log)
        stepsPerEpoch = run.schedule.stepsPerEpoch
        curve = stepsPerPoint > 0 ? StepCurve(run.schedule, interval: stepsPerPoint) : nil
    }

    func progressed(_ progress: EpochProgress) {
        self.progress = progress
    }

    func reduced(_ reduced: ReducedSteps) {
        let first = Int(clamping: reduced.firstStep)
        let points = reduced.steps.enumerated().compactMap { index, step in
            curve?.add(
                step: first + index, lossSum: step.lossSum, correctCount: Int(step.correctCount),
                learningRate: step.learningRate)
        }
        guard let last = points.last else { return }
        // The speed is a mean since the start of the epoch that was reported with the steps before.
        let isSameEpoch = progress.map { $0.epoch == (last.step - 1) / stepsPerEpoch + 1 } ?? false
        let speed = progress.flatMap { isSameEpoch && $0.imagesPerSecond > 0 ? $0.imagesPerSecond : nil }
        writer.change { $0.add(points, imagesPerSecond: speed, seconds: $1) }
    }

    func recorded(_ row: EpochRow, timing: EpochTiming?) {
        writer.change { $0.add(row, timing: timing, seconds: $1) }
    }

    /// Adds the report, its pictures, and weights and gradients at the checkpoints that are kept. Returns why the files
    /// are incomplete, in one line; nil where they are whole.
    func finish(_ report: RunReport, pictures: [Picture], of run: PreparedRun, environment: [String: String]) -> String?
    {
        let paths = run.directory.paths
        let epochCount = report.history.epochs.count
        let kept = (1..<max(1, epochCount)).map { (epoch: $0, path: paths.checkpoint(epoch: $0)) }
        var problem: String?
        do {
            let probe = try GradientProbe(
                experiment: run.experiment, model: run.model,
                data: TrainingData(dataset: run.trainingSet, experiment: run.experiment),
                kernels: InstructionSet.chosen(environment: environment).table, threadCount: Processors.available)
            for (epoch, path) in kept + [(epoch: epochCount, path: paths.last)] {
                guard let checkpoint = try? Safetensors(path: path) else { continue }
                let gradients = try probe.gradients(
                    after: ReplicatedState(checkpoint: checkpoint, model: run.model, experiment: run.experiment))
                writer.change {
                    $0.addTensors(of: checkpoint, gradients: gradients, completedEpochs: epoch, seconds: $1)
                }
            }
        } catch {
            problem = String(describing: error)
        }
        writer.change { $0.add(report, pictures: pictures, seconds: $1) }
        return writer.finish() ?? problem
    }
}

/// Changes of the event files, one after another.
private final class Writer: Sendable {
    private let log: Mutex<TensorBoardLog>
    private let queue = DispatchQueue(label: "tensorboard")

    init(_ log: TensorBoardLog) {
        self.log = Mutex(log)
    }

    /// Performs a change later. It is called with the time in seconds since 1970.
    func change(_ body: @escaping @Sendable (inout TensorBoardLog, _ seconds: Double) -> Void) {
        let seconds = Date().timeIntervalSince1970
        queue.async { [self] in log.withLock { body(&$0, seconds) } }
    }

    /// Waits for all changes. Returns why the last failed one did.
    func finish() -> String? {
        queue.sync {}
        return log.withLock { $0.failure }
    }
}
