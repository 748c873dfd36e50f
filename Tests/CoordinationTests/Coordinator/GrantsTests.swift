import Testing

@testable import Coordination

@Suite("Grants and boundaries")
struct GrantsTests {
    private typealias Fixtures = CoordinatorFixtures

    private func progress(_ steps: UInt64...) -> [Progress] { steps.map { Fixtures.progress($0, counter: 1) } }

    private var grants = Grants(completedSteps: 0, timing: CoordinatorTiming())
    private let records = Records(epochs: 0, savedEpochs: 0)

    init() {
        grants.start(completedSteps: 0, now: 0)
    }

    @Test mutating func `the first grant is two steps, and it grows with the pace`() {
        #expect(grants.stepLimit == 2)
        #expect(grants.extend(completedSteps: 1, now: 1) == true)
        #expect(grants.stepLimit == 5)
        let order = CoordinatorMessage.grant(Grant(generation: 3, stepLimit: 5, records: records))
        #expect(grants.order(generation: 3, records: records) == order)
    }

    @Test mutating func `a boundary holds the grant until owners reach it, and learners for 300 ms`() {
        grants.announceBoundary()
        #expect(grants.extend(completedSteps: 2, now: 10) == false)
        #expect(grants.isBoundaryReached(owners: progress(2, 1), learners: [], now: 20) == false)
        #expect(grants.isBoundaryReached(owners: progress(2, 2), learners: progress(1), now: 30) == false)
        #expect(grants.isBoundaryReached(owners: progress(2, 2), learners: progress(1), now: 329) == false)
        #expect(grants.isBoundaryReached(owners: progress(2, 2), learners: progress(2), now: 329) == true)
        #expect(grants.isBoundaryReached(owners: progress(2, 2), learners: progress(1), now: 330) == true)
    }

    @Test mutating func `without a boundary none is reached, and the grant is extended again`() {
        grants.announceBoundary()
        grants.cancelBoundary()
        #expect(grants.isBoundaryReached(owners: progress(2), learners: [], now: 0) == false)
        #expect(grants.extend(completedSteps: 2, now: 1) == true)
    }

    @Test mutating func `a stop is the end of the granted steps, and never before a view's position`() {
        #expect(grants.requestStop(signal: 2) == 2)
        #expect(grants.extend(completedSteps: 2, now: 1000) == false)
        let order = CoordinatorMessage.stop(Grant(generation: 1, stepLimit: 2, records: records))
        #expect(grants.order(generation: 1, records: records) == order)
        grants.start(completedSteps: 4, now: 2000)
        #expect(grants.stop == Grants.Stop(signal: 2, stepLimit: 4))
    }

    @Test func `grants grow to a second of steps and no further`() {
        var pace = GrantPace(completedSteps: 0, timing: CoordinatorTiming())
        pace.start(completedSteps: 0, now: 0)
        #expect(pace.stepLimit == 2)
        var completed: UInt64 = 0
        for now in 1...5000 as ClosedRange<UInt64> {
            completed = min(now, pace.stepLimit)
            _ = pace.advance(completedSteps: completed, now: now)
        }
        #expect(completed == 5000, "a worker at 1,000 steps a second never waits once the pace is found")
        #expect((5700...6300).contains(pace.stepLimit))
    }

    @Test func `a grant is never below two steps`() {
        var pace = GrantPace(completedSteps: 0, timing: CoordinatorTiming())
        pace.start(completedSteps: 0, now: 0)
        for step in 1...20 as ClosedRange<UInt64> {
            _ = pace.advance(completedSteps: step, now: step * 10_000)
            #expect(pace.stepLimit == step + 2)
        }
    }
}
