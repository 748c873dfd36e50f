/// What random faults are drawn from: the run's size and the kinds that are wanted.
package struct RandomFaults: Sendable {
    package var kinds: [FaultKind]
    package var workerCount: Int
    /// Steps of the whole run.
    package var stepCount: Int
    /// Steps before the first checkpoint.
    package var stepsPerEpoch: Int

    /// `kinds` is not empty, and `workerCount`, `stepCount` and `stepsPerEpoch` are at least 1.
    package init(kinds: [FaultKind], workerCount: Int, stepCount: Int, stepsPerEpoch: Int) {
        precondition(!kinds.isEmpty, "at least one kind of fault")
        precondition(workerCount > 0 && stepCount > 0 && stepsPerEpoch > 0, "a run has a worker and a step")
        self.kinds = kinds
        self.workerCount = workerCount
        self.stepCount = stepCount
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// Of faults at random times in a run of unknown length: all kinds but bit flips, which only an audit or a resume finds.
    package static func lasting(workerCount: Int) -> RandomFaults {
        RandomFaults(
            kinds: FaultKind.allCases.filter { $0 != .flipGradient && $0 != .flipCheckpoint },
            workerCount: workerCount, stepCount: 1, stepsPerEpoch: 1)
    }

    /// How many workers one run of a campaign has.
    package static func workerCount(seed: UInt64, run: Int, in range: ClosedRange<Int>) -> Int {
        var random = FaultRandom(seed: seed, run: run, use: .workerCount)
        return random.integer(range)
    }

    /// The plan of one run of a campaign: one to three faults. The first is of kind `run` modulo their number, so that every
    /// kind comes once in as many runs as there are kinds.
    package func plan(seed: UInt64, run: Int) -> FaultPlan {
        precondition(run >= 0, "runs are counted from 0")
        var random = FaultRandom(seed: seed, run: run)
        let first = kinds[run % kinds.count]
        var faults = [fault(first, isFirst: true, &random)]
        let others = kinds.filter { Self.mayCome($0, with: first) }
        for _ in 0..<random.integer(0...2) {
            guard let kind = random.element(others) else { break }
            faults.append(fault(kind, isFirst: false, &random))
        }
        return FaultPlan(faults)
    }

    /// A flipped gradient is seen as long as a second worker computes: it comes alone, or with what costs no worker.
    private static func mayCome(_ kind: FaultKind, with first: FaultKind) -> Bool {
        first == .flipGradient ? kind == .slow || kind.isFile : kind != .flipGradient
    }

    /// Faults at random times, so many a minute on average, until `minutes` are over.
    package func plan(seed: UInt64, ratePerMinute: Double, minutes: Double) -> FaultPlan {
        precondition(ratePerMinute > 0, "a rate is positive")
        var random = FaultRandom(seed: seed, run: 0)
        var faults: [Fault] = []
        var milliseconds = 0.0
        while faults.count < FaultPlan.countLimit {
            milliseconds -= Self.naturalLogarithm(1 - random.unit()) * 60_000 / ratePerMinute
            guard milliseconds < minutes * 60_000 else { break }
            var fault = fault(random.element(kinds) ?? .kill, isFirst: false, &random)
            fault.trigger = .after(milliseconds: max(1, Int(milliseconds)))
            faults.append(fault)
        }
        return FaultPlan(faults)
    }

    /// Of a number in (0, 1], by the series of the inverse hyperbolic tangent after halvings; good to nine digits.
    private static func naturalLogarithm(_ value: Double) -> Double {
        let ratio = (value.significand - 1) / (value.significand + 1)
        var (sum, power) = (0.0, ratio)
        for exponent in stride(from: 1, to: 24, by: 2) {
            sum += power / Double(exponent)
            power *= ratio * ratio
        }
        return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
    }
}
