/// The text of a progress bar in the manner of Keras, with images a second and the worker count; pure, so that tests can read it.
struct ProgressLine {
    var step: Int
    var stepsPerEpoch: Int
    /// Seconds since the epoch began, without the first step's.
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
