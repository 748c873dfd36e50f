import Runs

/// The results of a campaign: kinds of faults by outcomes, and how long recoveries took.
package struct TortureReport: Encodable, Sendable {
    package struct Row: Encodable, Sendable {
        package var kind: String
        /// Runs in which a fault of the kind was triggered.
        package var runs: Int
        package var outcomes: [String: Int]
        /// Milliseconds from the fault to its detection.
        package var detection: Spread?
        /// Milliseconds from the fault to the next complete step.
        package var recovery: Spread?
        package var redoneMicroBatches: Int
    }

    /// Order statistics of milliseconds.
    package struct Spread: Encodable, Equatable, Sendable {
        package var count: Int
        package var median: Double
        package var percentile95: Double
        package var maximum: Double

        /// Nil for no values. A percentile is the nearest value at or above.
        package init?(_ values: [Double]) {
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

        fileprivate var text: String {
            [median, percentile95, maximum].map { String(Int($0.rounded(.toNearestOrEven))) }.joined(separator: " / ")
        }
    }

    package var experiment: String
    package var seed: UInt64
    package var processors: Int
    package var runs: Int
    package var equalRuns: Int
    /// Planned faults that were never triggered.
    package var untriggeredFaults: Int
    package var rows: [Row]
    package var all: Row

    package init(
        experiment: String, seed: UInt64, processors: Int, kinds: [FaultKind], _ results: [TortureResult]
    ) {
        self.experiment = experiment
        self.seed = seed
        self.processors = processors
        runs = results.count
        equalRuns = results.count { $0.outcome.isEqual }
        untriggeredFaults = results.reduce(0) { $0 + $1.plan.faults.count - $1.triggered.count }
        rows = kinds.map { kind in
            let concerned = results.filter { $0.triggered.contains { $0.fault.kind == kind } }
            return Self.row(kind.rawValue, concerned) { $0.fault.kind == kind }
        }
        all = Self.row("all runs", results) { _ in true }
    }

    private static func row(
        _ name: String, _ results: [TortureResult], where isCounted: (TriggeredFault) -> Bool
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

    /// The cells of a table with a heading row.
    package var cells: [[String]] {
        let columns = TortureOutcome.Column.allCases.map(\.rawValue)
        let heading =
            ["kind", "runs"] + columns
            + ["detected ms p50/p95/max", "recovered ms p50/p95/max", "redone micro-batches"]
        let lines = (rows + [all]).map { row in
            [row.kind, String(row.runs)] + columns.map { String(row.outcomes[$0] ?? 0) }
                + [row.detection?.text ?? "–", row.recovery?.text ?? "–", String(row.redoneMicroBatches)]
        }
        return [heading] + lines
    }

    /// One line.
    package var summary: String {
        "\(equalRuns) of \(runs) runs equal (\(experiment), seed \(seed), \(processors) processors); "
            + "\(untriggeredFaults) planned faults were never triggered"
    }
}
