/// The faults of one run.
///
/// ```swift
/// var plan = FaultPlan([try Fault(parsing: "stop worker=0 step=20 for=500")])
/// plan.faults += FaultPlan.random(seed: 7, ratePerMinute: 10, workerCount: 4).faults
/// ```
public struct FaultPlan: Sendable, Equatable {
    public var faults: [Fault]

    /// The most faults that a plan may have.
    package static let countLimit = 10_000

    public init(_ faults: [Fault] = []) {
        self.faults = faults
    }

    /// Reads one fault per line; empty lines are ignored.
    package init(text: String) throws(FaultError) {
        var faults: [Fault] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
            guard faults.count < Self.countLimit else { throw FaultError(.tooMany(limit: Self.countLimit)) }
            faults.append(try Fault(parsing: String(line)))
        }
        self.faults = faults
    }

    /// One fault per line, as `init(text:)` reads it.
    package var text: String { faults.map(\.description).joined(separator: "\n") }

    /// Faults of all kinds at random times, `ratePerMinute` on average, enough for a day; the same for equal arguments.
    public static func random(seed: UInt64, ratePerMinute: Double = 6, workerCount: Int) -> FaultPlan {
        RandomFaults.lasting(workerCount: workerCount)
            .plan(seed: seed, ratePerMinute: ratePerMinute, minutes: randomMinutes)
    }

    /// For how long random faults are planned.
    private static let randomMinutes = 24.0 * 60

    /// The seed in `random:SEED`.
    package static func seed(_ text: String) throws(FaultError) -> UInt64 {
        guard text.hasPrefix("random:"), let seed = UInt64(text.dropFirst("random:".count)) else {
            throw FaultError(.badRandomPlan(text))
        }
        return seed
    }

    /// Whether the run needs a proxy between its processes.
    package var needsProxy: Bool { faults.contains { $0.kind.isNetwork } }

    /// Refuses faults of workers that a run of `workerCount` workers does not have. `source` names the file of the
    /// plan.
    package func check(workerCount: Int, source: String? = nil) throws(FaultError) {
        for fault in faults {
            if case .worker(let index) = fault.target, index >= workerCount {
                throw FaultError(.unknownWorker(index, count: workerCount), text: fault.description, source: source)
            }
        }
    }

    /// The flags with which `selvedge train` runs this plan again.
    package var replayArguments: [String] {
        faults.flatMap { ["--fault", $0.description] }
    }
}
