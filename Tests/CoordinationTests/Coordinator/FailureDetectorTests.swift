import Testing

@testable import Coordination

@Suite("Failure detection")
struct FailureDetectorTests {
    private typealias Fixtures = CoordinatorFixtures

    private let report = RunFailure.Cause.reportedByPeer(name: "worker 'w1'", message: "link lost")
    private var detector = FailureDetector(timing: CoordinatorTiming(), now: 0)
    private var roster = Fixtures.roster(3)

    @Test mutating func `an exit code is a loss after 100 ms, and not before`() {
        let cause = RunFailure.Cause.childEnded(.exited(code: 1))
        detector.suspect(0, cause, generation: 1, now: 0)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 99) == nil)
        #expect(detector.nextFinding(in: roster, generation: 2, now: 100) == .lost(worker: 0, cause))
        #expect(detector.nextFinding(in: roster, generation: 2, now: 200) == nil)
    }

    @Test mutating func `what the parent saw replaces what a peer reported, not the other way round`() {
        let cause = RunFailure.Cause.childEnded(.exited(code: 1))
        detector.suspect(0, report, reporter: 1, generation: 1, now: 0)
        detector.suspect(0, cause, generation: 1, now: 10)
        detector.suspect(0, report, reporter: 1, generation: 1, now: 20)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 100) == .lost(worker: 0, cause))
    }

    @Test mutating func `a reported worker that still sends has lost a link, one that is silent is lost`() {
        detector.suspect(0, report, reporter: 1, generation: 1, now: 0)
        roster.noteMessage(from: 0, now: 50)
        #expect(
            detector.nextFinding(in: roster, generation: 1, now: 100) == .linkBroke(reporter: 1, worker: 0, report))
        detector.suspect(2, report, reporter: 1, generation: 1, now: 0)
        // Two heartbeats and the confirmation time after its last message.
        #expect(detector.nextFinding(in: roster, generation: 1, now: 590) == nil)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 614) == nil)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 615) == .lost(worker: 2, report))
    }

    @Test mutating func `a report is dropped when its reporter is gone or the generation has changed`() {
        detector.suspect(0, report, reporter: 1, generation: 1, now: 0)
        #expect(detector.nextFinding(in: roster, generation: 2, now: 100) == nil)
        detector.suspect(0, report, reporter: 1, generation: 1, now: 0)
        roster.remove(1)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 100) == nil)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 1000) == nil)
    }

    @Test mutating func `a coordinator that was late gives suspicions a new deadline`() {
        detector.suspect(0, .childEnded(.exited(code: 1)), generation: 1, now: 0)
        #expect(detector.tick(now: 250) == nil)
        #expect(detector.tick(now: 1000) == 750)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 1099) == nil)
        #expect(detector.nextFinding(in: roster, generation: 1, now: 1100) != nil)
    }

    @Test mutating func `silence on another host may last longer, and the longest silence is reported first`() {
        _ = roster.add(
            Fixtures.hello(3, host: "there"), from: Fixtures.connection(3), isLocal: false, isAttached: false, now: 0)
        roster.noteMessage(from: 0, now: 100)
        #expect(detector.silentWorkers(in: roster, now: 1500).map(\.worker) == [1, 2])
        #expect(detector.silentWorkers(in: roster, now: 1900).map(\.worker) == [1, 2, 3, 0])
        #expect(detector.silentWorkers(in: roster, now: 1900).map(\.deadlineMilliseconds) == [1500, 1500, 1900, 1500])
    }

    @Test mutating func `the unresponsive worker is the furthest behind that does not wait for peers`() {
        for (worker, phase) in zip(0..<3, [.exchanging, .computing, .computing] as [WorkerPhase]) {
            _ = roster.update(worker, Fixtures.progress(UInt64(worker), counter: 1, phase: phase), now: 0)
        }
        #expect(detector.unresponsiveWorker(among: [0, 1, 2], in: roster, now: 119_999) == nil)
        #expect(detector.unresponsiveWorker(among: [0, 1, 2], in: roster, now: 120_000) == 1)
        #expect(detector.unresponsiveWorker(among: [0], in: roster, now: 120_000) == 0)
    }

    @Test mutating func `a link that breaks twice within a minute suspends the worker with more broken links`() {
        #expect(detector.linkBroke(between: 0, and: 1, in: roster, now: 0) == nil)
        #expect(detector.linkBroke(between: 0, and: 2, in: roster, now: 1) == nil)
        #expect(detector.linkBroke(between: 1, and: 0, in: roster, now: 59_999)?.worker == 0)
        #expect(detector.linkBroke(between: 2, and: 0, in: roster, now: 60_001) == nil, "a minute is over")
    }

    @Test mutating func `a link that goes on breaking suspends for twice as long each time, up to a minute`() {
        var (now, suspensions): (UInt64, [UInt64]) = (0, [])
        #expect(detector.linkBroke(between: 0, and: 1, in: roster, now: now) == nil)
        for _ in 0..<6 {
            // It breaks as soon as the worker is back.
            now += 1000
            guard let suspension = detector.linkBroke(between: 0, and: 1, in: roster, now: now) else { break }
            suspensions.append(suspension.milliseconds)
            now += suspension.milliseconds
        }
        #expect(suspensions == [5000, 10_000, 20_000, 40_000, 60_000, 60_000])
        #expect(detector.linkBroke(between: 0, and: 1, in: roster, now: now + 60_000) == nil, "it held for a minute")
    }
}
