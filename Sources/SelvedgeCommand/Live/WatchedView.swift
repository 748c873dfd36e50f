import Reports
import Runs

/// What a terminal shows of a run, read from its directory or from a live page.
struct WatchedView {
    /// The run directory.
    let run: String
    /// What is happening, in a few words.
    let headline: String
    /// Nil before the coordinator's first status.
    let status: RunStatus?
    /// The last finished epoch.
    let loss: Double?
    let accuracy: Double?
    let validationLoss: Double?
    let validationAccuracy: Double?
    /// The last lines, oldest first.
    let log: [RunLogLine]

    private static let logLineLimit = 200

    init(_ snapshot: RunSnapshot) {
        run = snapshot.run
        headline = snapshot.headline
        status = snapshot.status
        let row = snapshot.rows.last
        (loss, accuracy) = (row?.loss, row?.accuracy)
        (validationLoss, validationAccuracy) = (row?.validationLoss, row?.validationAccuracy)
        log = snapshot.log
    }

    /// Reads what a live page sends as its snapshot; nil for any other text.
    init?(pageJSON bytes: [UInt8]) {
        guard let members = try? JSONValue(parsing: bytes).object, let run = members["run"]?.string,
            let headline = members["headline"]?.string
        else { return nil }
        self.run = run
        self.headline = headline
        status = members["status"].flatMap { RunStatus(json: Array($0.text.utf8)) }
        let row = members["rows"]?.array?.last?.object
        (loss, accuracy) = (row?["loss"]?.number, row?["accuracy"]?.number)
        (validationLoss, validationAccuracy) = (row?["val_loss"]?.number, row?["val_accuracy"]?.number)
        log = (members["log"]?.array ?? []).suffix(Self.logLineLimit).compactMap {
            RunLogLine(jsonLine: Array($0.text.utf8))
        }
    }
}
