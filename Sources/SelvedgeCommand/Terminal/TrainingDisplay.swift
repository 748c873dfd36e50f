import Cluster
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
    private var epochCount = 0
    private var lastDrawn: Date?
    private var barIsShown = false
    private var shownEpoch = 0
    private var epochStart = Date()
    private var firstStep = 0

    private static let redrawSeconds = 0.1

    init(isInteractive: Bool, presentsRun: Bool, announcesAddress: Bool) {
        self.isInteractive = isInteractive
        self.presentsRun = presentsRun
        self.announcesAddress = announcesAddress
    }

    func prepared(_ run: PreparedRun, listeningOn address: String) {
        epochCount = run.experiment.epochs
        if presentsRun { present(run) }
        if announcesAddress { Console.note("Listening on \(address)") }
    }

    private func present(_ run: PreparedRun) {
        Console.note(ModelSummaryTable(run.model, name: run.experiment.name).text(terminalColumns: Console.columns))
        let title = run.experiment.title.isEmpty ? "" : " (\(run.experiment.title))"
        Console.note(
            "\(run.experiment.name)\(title): \(Figures.grouped(run.schedule.sampleCount)) training images, "
                + "batch \(run.experiment.batchSize), \(run.experiment.epochs) epochs, "
                + "\(run.experiment.microBatchCount) micro-batches, seed \(run.experiment.seed), "
                + "data: \(run.trainingSet.name)")
        Console.note("Run directory: \(run.directory.path)")
        if run.completedSteps > 0 {
            Console.note("Continuing after step \(run.completedSteps) of \(run.schedule.stepsPerEpoch * epochCount)")
        }
    }

    func progressed(_ progress: EpochProgress) {
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

    private func draw(_ progress: EpochProgress, elapsedSeconds: Double) {
        let line = ProgressLine(
            step: progress.step, stepsPerEpoch: progress.stepsPerEpoch, elapsedSeconds: elapsedSeconds,
            timedStepCount: progress.step - firstStep, imagesPerSecond: progress.imagesPerSecond,
            loss: progress.loss, accuracy: progress.accuracy, workerCount: progress.workerCount)
        show("Epoch \(progress.epoch)/\(epochCount) " + line.text)
    }

    /// Draws over the bar, cut to the terminal's width.
    private func show(_ text: String) {
        Console.write("\r\u{1B}[K" + text.prefix(max(1, Console.columns - 1)))
        barIsShown = true
    }

    private func clearBar() {
        if barIsShown { Console.write("\r\u{1B}[K") }
        barIsShown = false
    }

    func recorded(_ row: EpochRow, timing: EpochTiming?) {
        clearBar()
        let speed = timing.map { timing in
            " - \(String(format: "%.2f", timing.seconds))s"
                + " - \(Figures.grouped(Int(exactly: timing.imagesPerSecond.rounded()) ?? 0)) img/s"
        }
        Console.note(
            "Epoch \(row.epoch)/\(epochCount)" + (speed ?? "")
                + " - accuracy: \(Figures.metric(row.accuracy)) - loss: \(Figures.metric(row.loss))"
                + (row.validationAccuracy.map { " - val_accuracy: \(Figures.metric($0))" } ?? "")
                + (row.validationLoss.map { " - val_loss: \(Figures.metric($0))" } ?? ""))
    }

    func noted(_ text: String, isWarning: Bool) {
        clearBar()
        if isWarning {
            Console.error(text)
        } else {
            Console.note(text)
        }
    }

    /// Leaves the cursor at the start of a clean line.
    func finish() {
        clearBar()
    }
}

/// The text of a progress bar in the style of Keras, with images a second and the worker count. Pure, so it can be tested.
struct ProgressLine {
    var step: Int
    var stepsPerEpoch: Int
    /// Seconds since the start of the epoch, without the first step.
    var elapsedSeconds: Double
    /// Steps that `elapsedSeconds` covers.
    var timedStepCount: Int
    var imagesPerSecond: Double
    var loss: Double
    var accuracy: Double
    var workerCount: Int

    private static let barWidth = 20

    var text: String {
        let filled = stepsPerEpoch > 0 ? step * Self.barWidth / stepsPerEpoch : 0
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: Self.barWidth - filled)
        let width = String(stepsPerEpoch).count
        return "\(padded(String(step), to: width))/\(stepsPerEpoch) \(bar) \(timing) · "
            + "\(Figures.grouped(Int(exactly: imagesPerSecond.rounded(.towardZero)) ?? 0)) img/s · \(workerCount) worker\(workerCount == 1 ? "" : "s")"
            + " - accuracy: \(Figures.metric(accuracy)) - loss: \(Figures.metric(loss))"
    }

    private var timing: String {
        guard timedStepCount > 0 else { return "ETA –" }
        let remaining = elapsedSeconds / Double(timedStepCount) * Double(stepsPerEpoch - step)
        return step < stepsPerEpoch ? "ETA \(Figures.duration(remaining))" : Figures.duration(elapsedSeconds)
    }

    private func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
