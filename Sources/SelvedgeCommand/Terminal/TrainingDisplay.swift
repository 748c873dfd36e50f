import Cluster
import Coordination
import Datasets
import Experiments
import Foundation
import Reports
import Runs
import Training

/// The output of a training on standard error: the model, then a bar on a terminal or one line an epoch elsewhere.
final class TrainingDisplay: CoordinatorObserver {
    private let isInteractive: Bool
    private let presentsRun: Bool
    private let announcesAddress: Bool
    /// Whether only warnings are shown.
    private let isQuiet: Bool
    private var epochCount = 0
    private var lastDrawn: Date?
    /// Characters of the bar that is shown; 0 for none.
    private var drawnCharacters = 0
    private var shownEpoch = 0
    private var epochStart = Date()
    private var firstStep = 0
    private let stepsPerPoint: Int
    /// Nil until the run is prepared.
    private var tensorBoard: TensorBoardFiles?

    private static let redrawSeconds = 0.1

    /// `stepsPerPoint` is that of the curves in TensorBoard's event files.
    init(isInteractive: Bool, presentsRun: Bool, announcesAddress: Bool, isQuiet: Bool, stepsPerPoint: Int) {
        self.isInteractive = isInteractive && !isQuiet
        self.isQuiet = isQuiet
        self.presentsRun = presentsRun
        self.announcesAddress = announcesAddress
        self.stepsPerPoint = stepsPerPoint
    }

    func prepared(_ run: PreparedRun, listeningOn address: String) {
        epochCount = run.experiment.epochs
        tensorBoard = TensorBoardFiles(run, stepsPerPoint: stepsPerPoint)
        if presentsRun {
            if !isQuiet { present(run) }
            for notice in run.notices { Console.warning(notice) }
        }
        if announcesAddress { Console.note("Listening on \(address)") }
    }

    private func present(_ run: PreparedRun) {
        Console.note(ModelSummaryTable(run.model, name: run.experiment.name).text(terminalColumns: Console.columns))
        let title = run.experiment.title.isEmpty ? "" : " (\(run.experiment.title))"
        Console.note(
            "\(run.experiment.name)\(title): \(Figures.grouped(run.schedule.sampleCount)) training images, "
                + "batch \(run.experiment.batchSize), \(Figures.counted(run.experiment.epochs, "epoch")), "
                + "\(run.experiment.microBatchCount) micro-batches, seed \(run.experiment.seed), "
                + "data: \(run.dataPlace)")
        Console.note("Run directory: \(run.directory.path)")
        if run.completedSteps > 0 {
            Console.note("Continuing after step \(run.completedSteps) of \(run.schedule.stepsPerEpoch * epochCount)")
        }
    }

    func progressed(_ progress: EpochProgress) {
        tensorBoard?.progressed(progress)
        guard isInteractive, progress.step < progress.stepsPerEpoch else { return }
        let now = Date()
        if progress.epoch != shownEpoch {
            shownEpoch = progress.epoch
            epochStart = now
            firstStep = progress.step
        }
        if let lastDrawn, now.timeIntervalSince(lastDrawn) < Self.redrawSeconds { return }
        lastDrawn = now
        draw(progress, elapsedSeconds: now.timeIntervalSince(epochStart))
    }

    func reduced(_ steps: ReducedSteps) {
        tensorBoard?.reduced(steps)
    }

    private func draw(_ progress: EpochProgress, elapsedSeconds: Double) {
        let line = ProgressLine(
            epoch: progress.epoch, epochCount: epochCount, step: progress.step, stepsPerEpoch: progress.stepsPerEpoch,
            elapsedSeconds: elapsedSeconds,
            timedStepCount: progress.step - firstStep, imagesPerSecond: progress.imagesPerSecond,
            loss: progress.loss, accuracy: progress.accuracy, workerCount: progress.workerCount)
        // The last column stays free: a terminal would break the line after it.
        let text = line.text(columns: max(1, Console.columns - 1))
        clearBar()
        Console.write(text)
        drawnCharacters = text.count
    }

    private func clearBar() {
        guard drawnCharacters > 0 else { return }
        Console.write(LineEraser.sequence(drawnCharacters: drawnCharacters, columns: Console.columns))
        drawnCharacters = 0
    }

    func recorded(_ row: EpochRow, timing: EpochTiming?) {
        clearBar()
        tensorBoard?.recorded(row, timing: timing)
        if isQuiet { return }
        let line = EpochLine(
            epoch: row.epoch, epochCount: epochCount, timing: timing.map { ($0.seconds, $0.imagesPerSecond) },
            loss: row.loss, accuracy: row.accuracy, validationLoss: row.validationLoss,
            validationAccuracy: row.validationAccuracy)
        Console.note(line.text(columns: isInteractive ? Console.columns : nil))
    }

    func noted(_ text: String, isWarning: Bool) {
        clearBar()
        if isWarning {
            Console.error(text)
        } else if !isQuiet {
            Console.note(text)
        }
    }

    /// Leaves the cursor at the start of a clean line.
    func finish() {
        clearBar()
    }

    /// Adds the report to TensorBoard's files.
    func log(_ report: RunReport, pictures: [Picture], of run: PreparedRun, environment: [String: String]) {
        let problem = tensorBoard?.finish(report, pictures: pictures, of: run, environment: environment)
        if let problem { Console.note("TensorBoard's event files are incomplete: \(problem)") }
    }
}
