import Reports
import Runs

/// A run on a terminal: its place, its workers and the last lines of its log. Pure, so that it can be tested.
struct WatchScreen {
    let view: WatchedView
    let columns: Int

    private static let barWidth = 20
    private static let logLineCount = 6

    /// Lines of at most `columns` characters.
    var lines: [String] {
        ([headline] + progress + measures + workers + links + waits + log).map { String($0.prefix(max(1, columns))) }
    }

    private var headline: String {
        let name = view.status.map { "\($0.experiment): " } ?? ""
        return "\(name)\(view.headline) (\(view.run))"
    }

    private var progress: [String] {
        guard let status = view.status else { return [] }
        let filled = min(max(0, status.step), status.stepsPerEpoch) * Self.barWidth / max(1, status.stepsPerEpoch)
        let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: Self.barWidth - filled)
        let speed = status.imagesPerSecond.map { " \(Figures.grouped(Int(exactly: $0.rounded()) ?? 0)) img/s" } ?? ""
        return ["Epoch \(status.epoch)/\(status.epochCount) \(bar) \(status.step)/\(status.stepsPerEpoch)\(speed)"]
    }

    private var measures: [String] {
        let status = view.status
        let values: [(String, Double?)] = [
            ("accuracy", status?.accuracy ?? view.accuracy), ("loss", status?.loss ?? view.loss),
            ("val_accuracy", view.validationAccuracy), ("val_loss", view.validationLoss),
        ]
        let shown = values.compactMap { name, value in value.map { "\(name): \(Figures.metric($0))" } }
        return shown.isEmpty ? [] : [shown.joined(separator: " - ")]
    }

    private var workers: [String] {
        let workers = view.status?.workers ?? []
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

    private var links: [String] {
        let links = view.status?.links ?? []
        guard !links.isEmpty else { return [] }
        let rows = links.map { link -> [String] in
            let hosts = [link.host, link.otherHost].compactMap(\.self)
            let counts = [link.workerCount, link.otherWorkerCount].compactMap(\.self)
            let bytes = [link.stepBytes, link.stepBytesBack].compactMap(\.self)
            let rate = link.megabitsPerSecond.flatMap { Int(exactly: $0.rounded()) }
            return [
                hosts.joined(separator: " - "), link.medium.rawValue,
                counts.map(String.init).joined(separator: " + "),
                bytes.isEmpty ? "-" : bytes.map(Figures.bytes).joined(separator: ", "),
                rate.map { "\(Figures.grouped($0)) Mbit/s" } ?? "-",
            ]
        }
        let heading = ["link", "over", "workers", "a step", "now"]
        return [""] + TextTable.text([heading] + rows, leadingColumns: 2).split(separator: "\n").map(String.init)
    }

    private var waits: [String] { view.status.map { WaitText($0).lines } ?? [] }

    private var log: [String] {
        let last = view.log.suffix(Self.logLineCount)
        return last.isEmpty ? [] : [""] + last.map { "\($0.time) \($0.message)" }
    }
}
