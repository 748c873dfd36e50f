import Testing

@testable import Coordination

@Suite struct DepartureTests {
    private func interrupted(
        _ departure: inout Departure, _ signal: Int32, isOver: Bool = false, holdsState: Bool = true, now: UInt64
    ) -> Departure.Decision {
        departure.interrupt(
            signal: signal, isOver: isOver, holdsState: holdsState, graceMilliseconds: 8000, now: now)
    }

    @Test func `a worker with a state announces that it leaves, and one without leaves`() {
        var departure = Departure()
        #expect(
            interrupted(&departure, 15, holdsState: false, now: 0) == .leave(code: 143, reason: "ended by signal 15"))
        #expect(departure.announcedSignal == nil)
        #expect(interrupted(&departure, 15, now: 0) == .announce(signal: 15))
        #expect(departure.announcedSignal == 15)
        #expect(interrupted(&departure, 15, now: 5000) == .nothing)
        #expect(!departure.isOrdered)
        let end = departure.ended(reason: "r")
        #expect(end == .leave(code: 143, reason: "r") && departure.isOrdered)
    }

    @Test func `a second SIGINT ends a worker at once, also one that writes its state`() {
        var departure = Departure()
        #expect(interrupted(&departure, 2, now: 0) == .announce(signal: 2))
        #expect(interrupted(&departure, 2, isOver: true, now: 249) == .nothing)
        #expect(interrupted(&departure, 2, isOver: true, now: 250) == .leave(code: 130, reason: "ended by signal 2"))
    }

    @Test func `the state is saved after seven eighths of the grace time, or half of it without a coordinator`() {
        var departure = Departure()
        #expect(departure.check(isCoordinatorKnown: false, now: 1_000_000) == .nothing)
        _ = interrupted(&departure, 15, now: 1000)
        let save = Departure.Decision.save(code: 143, reason: "ended by signal 15")
        #expect(departure.check(isCoordinatorKnown: false, now: 4999) == .nothing)
        #expect(departure.check(isCoordinatorKnown: false, now: 5000) == save)
        #expect(departure.check(isCoordinatorKnown: true, now: 7999) == .nothing)
        #expect(departure.check(isCoordinatorKnown: true, now: 8000) == save)
    }

    @Test func `only an end by full disks lets a worker save its state when the coordinator aborts`() {
        var departure = Departure()
        #expect(departure.supervisorLost(reason: "r") == .leave(code: 75, reason: "r") && !departure.isOrdered)
        let aborts = [74, 70].map { departure.aborted(code: $0, reason: "r") }
        #expect(aborts == [.save(code: 74, reason: "r"), .leave(code: 70, reason: "r")] && departure.isOrdered)
        let end = departure.ended(reason: "r")
        #expect(end == .leave(code: 0, reason: "r"))
    }

    @Test func `an interrupted run is no success of its workers, and one with the same signal ends by it`() {
        var departure = Departure()
        let abort = departure.aborted(code: 75, reason: "r")
        #expect(abort == .leave(code: 75, reason: "r"))
        _ = interrupted(&departure, 15, now: 0)
        let aborts = [75, 70].map { departure.aborted(code: $0, reason: "r") }
        #expect(aborts == [.leave(code: 143, reason: "r"), .leave(code: 70, reason: "r")])
    }

    @Test func `a worker without its inbox saves its state, so that another process continues from it`() {
        #expect(Departure().inboxLost(reason: "r") == .save(code: 75, reason: "r"))
    }
}
