import Faults
import Foundation
import Reports

/// What a campaign came to: kinds by outcomes, and how long recoveries took.
struct TortureReport: Encodable {
    struct Row: Encodable {
        var kind: String
        /// Runs in which it struck.
        var runs: Int
        var outcomes: [String: Int]
        /// Milliseconds from the fault to its being noticed.
        var detection: Spread?
        /// Milliseconds from the fault to the next complete step.
        var recovery: Spread?
        var redoneMicroBatches: Int
    }

    /// Some of the order statistics of milliseconds.
    struct Spread: Encodable, Equatable {
        var count: Int
        var median: Double
        var percentile95: Double
        var maximum: Double

        /// Nil for no values. Percentiles are the nearest value at or above.
        init?(_ values: [Double]) {
            let sorted = values.sorted()
            guard let last = sorted.last else { return nil }
            func at(_ share: Double) -> Double {
                sorted[max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
            }
            count = sorted.count
            median = at(0.5)
            percentile95 = at(0.95)
            maximum = last
        }

        var text: String {
            [median, percentile95, maximum].map { String(format: "%.0f", $0) }.joined(separator: " / ")
        }
    }

    var experiment: String
    var seed: UInt64
    var processors: Int
    var runs: Int
    var equalRuns: Int
    /// Faults that were planned and for which no occasion came.
    var faultsWithoutOccasion: Int
    var rows: [Row]
    var all: Row

    init(experiment: String, seed: UInt64, kinds: [FaultKind], _ results: [TortureResult]) {
        self.experiment = experiment
        self.seed = seed
        processors = Processors.available
        runs = results.count
        equalRuns = results.count { $0.outcome.isEqual }
        faultsWithoutOccasion = results.reduce(0) { $0 + $1.plan.faults.count - $1.struck.count }
        rows = kinds.map { kind in
            Self.row(kind.rawValue, results.filter { $0.struck.contains { $0.kind == kind } }) { $0.kind == kind }
        }
        all = Self.row("all runs", results) { _ in true }
    }

    private static func row(
        _ name: String, _ results: [TortureResult], where isCounted: (StruckFault) -> Bool
    ) -> Row {
        var outcomes: [String: Int] = [:]
        for column in TortureOutcome.Column.allCases {
            outcomes[column.rawValue] = results.count { $0.outcome.column == column }
        }
        let pairs = results.flatMap(\.recoveredFaults).filter { isCounted($0.fault) }
        func milliseconds(_ nanoseconds: Int64) -> Double { Double(max(0, nanoseconds)) / 1e6 }
        return Row(
            kind: name, runs: results.count, outcomes: outcomes,
            detection: Spread(pairs.map { milliseconds($0.recovery.noticedNanoseconds - $0.fault.nanoseconds) }),
            recovery: Spread(pairs.map { milliseconds($0.recovery.recoveredNanoseconds - $0.fault.nanoseconds) }),
            redoneMicroBatches: pairs.reduce(0) { $0 + $1.recovery.redoneMicroBatches })
    }

    /// A table for a terminal.
    var text: String {
        let columns = TortureOutcome.Column.allCases.map(\.rawValue)
        let heading =
            ["kind", "runs"] + columns
            + ["noticed ms p50/p95/max", "recovered ms p50/p95/max", "redone micro-batches"]
        let lines = (rows + [all]).map { row in
            [row.kind, String(row.runs)] + columns.map { String(row.outcomes[$0] ?? 0) }
                + [row.detection?.text ?? "–", row.recovery?.text ?? "–", String(row.redoneMicroBatches)]
        }
        return TextTable.text([heading] + lines, leadingColumns: 1)
            + "\n\(equalRuns) of \(runs) runs equal (\(experiment), seed \(seed), \(processors) processors); "
            + "\(faultsWithoutOccasion) planned faults found no occasion"
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
