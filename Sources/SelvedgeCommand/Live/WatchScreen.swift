import Reports
import Runs

/// A run on a terminal: its place, its workers and the last lines of its log. Pure, so that it can be tested.
struct WatchScreen {
    let view: WatchedView
    /// Of the terminal; nil where lines may have any length.
    let columns: Int?
    /// Of the terminal; nil for any number of lines.
    var rows: Int?

    private static let barWidth = 20
    private static let logLineCount = 6

    /// Lines of at most `columns` characters. Where there are more than `rows` the log and the list of workers give
    /// way.
    var lines: [String] {
        var log = log
        let others = [headline] + progress + measures + links + waits
        var workers = workers
        if let rows {
            let free = max(0, rows - others.count - workers.count)
            log = free < 2 ? [] : [""] + log.dropFirst().suffix(free - 1)
            let shown = max(0, rows - others.count - 1)
            if workers.count > shown + 1 {
                workers = workers.prefix(shown) + ["… and \(workers.count - shown) more"]
            }
        }
        let lines = [headline] + progress + measures + workers + links + waits + log
        return lines.map { String($0.prefix(max(1, columns ?? $0.count))) }
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
        func text(_ name: (String) -> String, separator: String) -> String {
            values.compactMap { key, value in value.map { name(key) + Figures.metric($0) } }
                .joined(separator: separator)
        }
        let long = text({ "\($0): " }, separator: " - ")
        if long.isEmpty { return [] }
        guard let columns, long.count > columns else { return [long] }
        let short = text({ $0.replacing("accuracy", with: "acc") + " " }, separator: " ")
        if short.count <= columns { return [short] }
        let names = ["accuracy": "acc ", "loss": "loss ", "val_accuracy": "val ", "val_loss": ""]
        return [text({ names[$0] ?? "" }, separator: " ")]
    }

    private var workers: [String] {
        let workers = view.status?.workers ?? []
        guard !workers.isEmpty else { return [] }
        let rows = workers.map { worker in
            [
                worker.name,
                worker.silentMilliseconds > 1500
                    ? "silent for \(worker.silentMilliseconds / 1000) s" : worker.phase,
                worker.computeShare.map { "\(Int(($0 * 100).rounded())) %" } ?? "-", String(worker.microBatches),
                worker.rank.map(String.init) ?? "-", worker.host, String(worker.processIdentifier),
            ]
        }
        return table(
            ["worker", "state", "computing", "micro-batches", "rank", "host", "process"], rows, leadingColumns: 2)
    }

    /// The table after an empty line, without the last columns where it would be too wide.
    private func table(_ heading: [String], _ rows: [[String]], leadingColumns: Int) -> [String] {
        var count = heading.count
        while true {
            let cells = ([heading] + rows).map { Array($0.prefix(count)) }
            let lines = TextTable.text(cells, leadingColumns: leadingColumns).split(separator: "\n").map(String.init)
            let width = lines.map(\.count).max() ?? 0
            if count == 1 || width <= columns ?? width { return [""] + lines }
            count -= 1
        }
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
        return table(["link", "over", "workers", "a step", "now"], rows, leadingColumns: 2)
    }

    private var waits: [String] { view.status.map { WaitText($0).lines } ?? [] }

    private var log: [String] {
        let last = view.log.suffix(Self.logLineCount)
        return last.isEmpty
            ? [] : [""] + last.flatMap { WrappedText.lines("\(Self.clock($0.time)) \($0.message)", columns) }
    }

    /// The time of a day, in UTC.
    private static func clock(_ time: String) -> String {
        time.firstIndex(of: "T").map { String(time[time.index(after: $0)...]) } ?? time
    }
}
