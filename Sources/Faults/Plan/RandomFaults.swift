import Core

/// Makes random plans for a run of a given size from some kinds of faults.
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

    /// For faults at random times in a run of unknown length: all kinds but bit flips, which only an audit or a resume
    /// finds.
    package static func lasting(workerCount: Int) -> RandomFaults {
        RandomFaults(
            kinds: FaultKind.planned.filter { $0 != .flipGradient && $0 != .flipCheckpoint },
            workerCount: workerCount, stepCount: 1, stepsPerEpoch: 1)
    }

    /// How many workers one run of a campaign has.
    package static func workerCount(seed: UInt64, run: Int, in range: ClosedRange<Int>) -> Int {
        var random = FaultRandom(seed: seed, run: run, use: .workerCount)
        return random.integer(range)
    }

    /// When the processes of one run of a campaign are asked to end, as a share of the time that a run takes: 0 to 1.1.
    package static func stopMoment(seed: UInt64, run: Int) -> Double {
        var random = FaultRandom(seed: seed, run: run, use: .stopMoment)
        return Double(random.integer(0...11_000)) / 10_000
    }

    /// The plan of one run of a campaign: one to three faults. The first has kind `run` modulo the number of kinds, so
    /// that each kind occurs in that many runs.
    package func plan(seed: UInt64, run: Int) -> FaultPlan {
        precondition(run >= 0, "runs are counted from 0")
        var random = FaultRandom(seed: seed, run: run)
        let first = kinds[run % kinds.count]
        var faults = [fault(first, isFirst: true, &random)]
        let others = kinds.filter { Self.mayAccompany($0, with: first) }
        for _ in 0..<random.integer(0...2) {
            guard let kind = random.element(others) else { break }
            faults.append(fault(kind, isFirst: false, &random))
        }
        return FaultPlan(faults)
    }

    /// A flipped gradient is detected only while a second worker computes, so no other fault of such a plan costs a
    /// worker.
    private static func mayAccompany(_ kind: FaultKind, with first: FaultKind) -> Bool {
        first == .flipGradient ? kind == .slow || kind.isFile : kind != .flipGradient
    }

    /// Faults at random times, `ratePerMinute` on average, within `minutes`.
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

    /// A fault of the kind with random target, moment and parameters.
    private func fault(_ kind: FaultKind, isFirst: Bool, _ random: inout FaultRandom) -> Fault {
        let target = target(of: kind, &random)
        var fault = Fault(kind, target, trigger(of: kind, target, isFirst: isFirst, &random))
        kind.declaration.randomize(&fault, &random)
        return fault
    }

    private func target(of kind: FaultKind, _ random: inout FaultRandom) -> FaultTarget {
        let worker = FaultTarget.worker(random.integer(0...workerCount - 1))
        guard kind.concernsCoordinator else { return worker }
        return !kind.concernsWorkers || random.chance(0.3) ? .coordinator : worker
    }

    private func trigger(
        of kind: FaultKind, _ target: FaultTarget, isFirst: Bool, _ random: inout FaultRandom
    ) -> FaultTrigger {
        let step = UInt64(random.integer(1...stepCount))
        switch kind.declaration.randomMoment {
        case .step: return .reached(nil, step: step, occurrence: 1)
        case .phase:
            let points = Failpoint.allCases.filter { $0.belongs(to: target) && isReached($0, isFirst: isFirst) }
            let point = random.element(points)
            // A step has many frames, so that the process ends in the middle of an exchange.
            let isFrame = point == .frameSent || point == .frameReceived
            return .reached(
                point, step: point?.hasStep ?? true ? step : nil, occurrence: isFrame ? random.integer(1...16) : 1)
        case .laterCheckpoint:
            let last = max(2, stepCount / stepsPerEpoch)
            return .reached(.checkpointWritten, step: nil, occurrence: random.integer(2...last))
        }
    }

    /// Whether a run always reaches the point, or may reach it after another fault.
    private func isReached(_ point: Failpoint, isFirst: Bool) -> Bool {
        switch point {
        case .stateTransfer, .reconfigure: !isFirst
        // The first steps of a view do not share their updates.
        case .sharedUpdate: !isFirst && workerCount > 1
        case .reduceScatter, .allGather, .frameSent, .frameReceived: workerCount > 1
        default: true
        }
    }

    /// The logarithm of a number in (0, 1], by the series of the inverse hyperbolic tangent after halvings; good to
    /// nine digits.
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

/// Draws for one random plan: a function of seed, run, use and the number of draws before.
struct FaultRandom {
    private let generator: Philox4x32
    private let run: UInt32
    private let use: Use
    private var drawn: UInt32 = 0

    /// Keeps these counters apart from those of training.
    private static let purpose: UInt32 = 0x4641_554C

    /// What is drawn; each use has a sequence of draws.
    enum Use: UInt32 {
        case faults
        case workerCount
        case stopMoment
    }

    init(seed: UInt64, run: Int, use: Use = .faults) {
        generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: seed), key1: UInt32(truncatingIfNeeded: seed >> 32))
        self.run = UInt32(truncatingIfNeeded: run)
        self.use = use
    }

    private mutating func word() -> UInt32 {
        defer { drawn &+= 1 }
        return generator.block(SIMD4(drawn, run, use.rawValue, Self.purpose))[0]
    }

    /// A number in the range. The multiplication favours some numbers by one part in 2³² / count.
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        precondition(range.count <= 1 << 31, "a range that 32 bits can draw from")
        let product = UInt64(word()) * UInt64(range.count)
        return range.lowerBound + Int(product >> 32)
    }

    /// An element, or nil of an empty list.
    mutating func element<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[integer(0...elements.count - 1)]
    }

    mutating func chance(_ share: Double) -> Bool { unit() < share }

    /// A number in [0, 1).
    mutating func unit() -> Double { Double(word()) * 0x1p-32 }
}
