import Testing

@testable import Coordination

@Suite("Claims to a name")
struct NameClaimsTests {
    private typealias Fixtures = CoordinatorFixtures

    private let newcomer = Fixtures.hello(7)
    private let connection = Fixtures.connection(7)
    private var claims = NameClaims(timing: CoordinatorTiming())
    private var roster = Fixtures.roster(2)

    @Test mutating func `a worker that still sends keeps its name`() {
        roster.noteMessage(from: 1, now: 900)
        claims.add(newcomer, from: connection, against: 1, now: 1000)
        roster.noteMessage(from: 1, now: 1250)
        #expect(claims.nextFinding(in: roster, now: 1300) == nil, "the message may have been sent before the claim")
        roster.noteMessage(from: 1, now: 1500)
        #expect(claims.nextFinding(in: roster, now: 1500) == .taken(worker: 1, newcomer, connection))
        #expect(claims.nextFinding(in: roster, now: 9000) == nil)
    }

    @Test mutating func `a worker from which two heartbeats are missing loses its name`() {
        roster.noteMessage(from: 1, now: 900)
        claims.add(newcomer, from: connection, against: 1, now: 1000)
        #expect(claims.nextFinding(in: roster, now: 1499) == nil)
        #expect(claims.nextFinding(in: roster, now: 1500) == .abandoned(worker: 1, newcomer, connection))
        #expect(claims.nextFinding(in: roster, now: 1501) == nil)
    }

    @Test mutating func `a worker that is gone has left its name`() {
        claims.add(newcomer, from: connection, against: 1, now: 1000)
        roster.remove(1)
        #expect(claims.nextFinding(in: roster, now: 1000) == .vacant(newcomer, connection))
    }

    @Test mutating func `a repeated claim is one claim, and a late coordinator starts its time again`() {
        claims.add(newcomer, from: connection, against: 1, now: 1000)
        claims.add(newcomer, from: connection, against: 1, now: 1600)
        roster.restartDeadlines(now: 2000)
        claims.restart(now: 2000)
        #expect(claims.nextFinding(in: roster, now: 2599) == nil)
        #expect(claims.nextFinding(in: roster, now: 2600) == .abandoned(worker: 1, newcomer, connection))
        #expect(claims.nextFinding(in: roster, now: 2601) == nil)
    }
}
