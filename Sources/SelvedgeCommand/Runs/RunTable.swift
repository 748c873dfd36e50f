import Experiments
import Reports
import Runs

/// Runs side by side, one a row.
struct RunTable {
    private let records: [RunRecord]

    init(_ records: [RunRecord]) {
        self.records = records
    }

    /// One column: its heading for people, its name for programs, and the value of a run.
    private struct Column: Sendable {
        var heading: String
        var name: String
        var value: @Sendable (RunRecord) -> Value
    }

    private enum Value {
        case text(String)
        case count(Int?)
        /// A number that is not counted in thousands.
        case identifier(UInt64?)
        case metric(Double?)
        /// Seconds or images a second.
        case amount(Double?)
        case truth(Bool)
    }

    private static let columns: [Column] = [
        Column(heading: "run", name: "run") { .text($0.path) },
        Column(heading: "experiment", name: "experiment") { .text($0.experiment?.name ?? "") },
        Column(heading: "seed", name: "seed") { .identifier($0.experiment?.seed) },
        Column(heading: "parameters", name: "parameters") { .count($0.parameterCount) },
        Column(heading: "epochs", name: "epochs") { .count($0.rows.count) },
        Column(heading: "best val. acc.", name: "best_validation_accuracy") {
            .metric($0.history.highestValidationAccuracy?.value)
        },
        Column(heading: "at", name: "best_epoch") { .count($0.history.highestValidationAccuracy?.epoch) },
        Column(heading: "last val. acc.", name: "last_validation_accuracy") {
            .metric($0.history.epochs.last?.validationAccuracy)
        },
        Column(heading: "test acc.", name: "test_accuracy") { .metric($0.testResult?.accuracy) },
        Column(heading: "test loss", name: "test_loss") { .metric($0.testResult?.loss) },
        Column(heading: "seconds", name: "seconds") { .amount($0.timing?.seconds) },
        Column(heading: "images/s", name: "images_per_second") { .amount($0.timing?.imagesPerSecond) },
        Column(heading: "state", name: "state") { .text(state($0)) },
        Column(heading: "data", name: "synthetic") { .truth($0.isSynthetic) },
    ]

    private static func state(_ record: RunRecord) -> String {
        guard record.problems.isEmpty else { return "damaged" }
        return record.result == nil
            ? "unfinished, of \(Figures.counted(record.experiment?.epochs ?? 0, "epoch"))" : "finished"
    }

    /// Columns for a terminal, the first two left and the others right.
    var text: String {
        let cells =
            [Self.columns.map(\.heading)] + records.map { record in Self.columns.map { shown($0.value(record)) } }
        return TextTable.text(cells, leadingColumns: 2)
    }

    private func shown(_ value: Value) -> String {
        switch value {
        case .text(let text): text
        case .count(let count): count.map(Figures.grouped) ?? "–"
        case .identifier(let number): number.map(String.init) ?? "–"
        case .metric(let metric): metric.map { $0.isFinite ? Figures.metric($0) : "not a number" } ?? "–"
        case .amount(let amount): amount.map { Figures.grouped(Int($0.rounded())) } ?? "–"
        case .truth(let isSynthetic): isSynthetic ? "SYNTHETIC" : "real"
        }
    }

    /// Numbers in full, empty where there is none.
    var csv: String {
        CSVText.table(
            [Self.columns.map(\.name)]
                + records.map { record in
                    Self.columns.map { column in
                        let value = column.value(record)
                        if case .text(let text) = value { return text }
                        let text = plain(value)
                        return text == "null" ? "" : text
                    }
                })
    }

    /// An array with an object for each run, and the problems of each.
    var json: String {
        let objects = records.map { record in
            let members = Self.columns.map { "\(JSONText.string($0.name)):\(plain($0.value(record)))" }
            let problems = record.problems.map(JSONText.string).joined(separator: ",")
            return "{\(members.joined(separator: ",")),\"problems\":[\(problems)]}"
        }
        return "[\(objects.joined(separator: ","))]"
    }

    /// The value as JSON.
    private func plain(_ value: Value) -> String {
        switch value {
        case .text(let text): JSONText.string(text)
        case .count(let count): count.map(String.init) ?? "null"
        case .identifier(let number): number.map(String.init) ?? "null"
        case .metric(let number), .amount(let number): number.flatMap { $0.isFinite ? $0.description : nil } ?? "null"
        case .truth(let truth): String(truth)
        }
    }

    /// Paths without the folders that all have in common.
    static func shortNames(_ paths: [String]) -> [String] {
        let parts = paths.map { $0.split(separator: "/").map(String.init) }
        guard paths.count > 1, let first = parts.first else { return parts.map { $0.last ?? "/" } }
        var common = 0
        while parts.allSatisfy({ $0.count > common + 1 && $0[common] == first[common] }) { common += 1 }
        return parts.map { $0.dropFirst(common).joined(separator: "/") }
    }
}
