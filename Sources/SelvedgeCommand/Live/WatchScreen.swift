import Reports
import Runs

/// A run on a terminal: its place, its workers and the last lines of its log. Pure, so that it can be tested.
struct WatchScreen {
    let snapshot: RunSnapshot
    let columns: Int

    private static let barWidth = 20
    private static let logLineCount = 6

    /// Lines of at most `columns` characters.
    var lines: [String] {
        ([headline] + progress + measures + workers + log).map { String($0.prefix(max(1, columns))) }
    }

    private var headline: String {
        let name = snapshot.status.map { "\($0.experiment): " } ?? ""
        return "\(name)\(snapshot.headline) (\(snapshot.run))"
    }

    private var progress: [String] {
        guard let status = snapshot.status else { return [] }
        let filled = min(max(0, status.step), status.stepsPerEpoch) * Self.barWidth / max(1, status.stepsPerEpoch)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: Self.barWidth - filled)
        let speed = status.imagesPerSecond.map { " \(Figures.grouped(Int(exactly: $0.rounded()) ?? 0)) img/s" } ?? ""
        return ["Epoch \(status.epoch)/\(status.epochCount) \(bar) \(status.step)/\(status.stepsPerEpoch)\(speed)"]
    }

    private var measures: [String] {
        let (status, row) = (snapshot.status, snapshot.rows.last)
        let values: [(String, Double?)] = [
            ("accuracy", status?.accuracy ?? row?.accuracy), ("loss", status?.loss ?? row?.loss),
            ("val_accuracy", row?.validationAccuracy), ("val_loss", row?.validationLoss),
        ]
        let shown = values.compactMap { name, value in value.map { "\(name): \(Figures.metric($0))" } }
        return shown.isEmpty ? [] : [shown.joined(separator: " - ")]
    }

    private var workers: [String] {
        let workers = snapshot.status?.workers ?? []
        guard !workers.isEmpty else { return [] }
        let rows = workers.map { worker in
            [
                worker.name, worker.host, String(worker.processIdentifier), worker.rank.map(String.init) ?? "-",
                String(worker.microBatches), worker.computeShare.map { "\(Int(($0 * 100).rounded())) %" } ?? "-",
                worker.silentMilliseconds > 1500
                    ? "silent for \(worker.silentMilliseconds / 1000) s" : worker.phase,
            ]
        }
        let heading = ["worker", "host", "process", "rank", "micro-batches", "computing", "is"]
        return [""] + TextTable.text([heading] + rows, leadingColumns: 2).split(separator: "\n").map(String.init)
    }

    private var log: [String] {
        let last = snapshot.log.suffix(Self.logLineCount)
        return last.isEmpty ? [] : [""] + last.map { "\($0.time) \($0.message)" }
    }
}
