import Testing

@testable import Faults

@Suite struct RandomFaultsTests {
    private let random = RandomFaults(
        kinds: FaultKind.planned, workerCount: 4, stepCount: 40, stepsPerEpoch: 10)

    @Test func `as many runs as kinds bring each kind once as the first`() {
        let first = (0..<FaultKind.planned.count).map { random.plan(seed: 3, run: $0).faults[0].kind }
        #expect(first == FaultKind.planned)
    }

    @Test func `a flipped gradient is never combined with a fault that may leave a single worker`() {
        for run in 0..<2000 {
            let kinds = random.plan(seed: 6, run: run).faults.map(\.kind)
            guard kinds.contains(.flipGradient) else { continue }
            #expect(kinds.dropFirst().allSatisfy { $0 == .slow || $0.isFile } && kinds[0] == .flipGradient)
        }
    }

    @Test func `a seed always makes the same plan, another seed another`() {
        let plans = (0..<40).map { random.plan(seed: 3, run: $0) }
        #expect(plans == (0..<40).map { random.plan(seed: 3, run: $0) })
        let others = (0..<40).map { random.plan(seed: 4, run: $0) }
        #expect(zip(plans, others).allSatisfy { $0 != $1 })
    }

    @Test func `every random plan can be read again and suits the run`() throws {
        for workerCount in 1...8 {
            let random = RandomFaults(
                kinds: FaultKind.planned, workerCount: workerCount, stepCount: 10, stepsPerEpoch: 10)
            for run in 0..<300 {
                let plan = random.plan(seed: 9, run: run)
                #expect(try FaultPlan(text: plan.text) == plan)
                try plan.check(workerCount: workerCount)
                #expect((1...3).contains(plan.faults.count))
            }
        }
    }

    @Test func `every failpoint that a run is sure to reach begins some plan`() {
        var points: Set<Failpoint> = []
        for run in 0..<4000 {
            let fault = random.plan(seed: 1, run: run).faults[0]
            if case .reached(let point?, _, _) = fault.trigger { points.insert(point) }
        }
        #expect(points == Set(Failpoint.allCases).subtracting([.reconfigure, .stateTransfer, .sharedUpdate]))
    }

    @Test func `faults at a rate are in order, with about that frequency`() {
        let plan = random.plan(seed: 5, ratePerMinute: 30, minutes: 60)
        let times = plan.faults.map { fault in
            if case .after(let milliseconds) = fault.trigger { milliseconds } else { -1 }
        }
        #expect(times == times.sorted() && (times.first ?? 0) > 0 && (times.last ?? 0) < 3_600_000)
        // 1800 on average, with a standard deviation of 42.
        #expect((1600...2000).contains(times.count), "\(times.count)")
        #expect(random.plan(seed: 5, ratePerMinute: 1e9, minutes: 60).faults.count == FaultPlan.countLimit)
    }
}
