import Core
import Testing

@testable import Coordination

@Suite struct CoordinatorLinkTests {
    private static func sender(term: UInt64, job: UInt64 = 7) -> CoordinatorIdentity {
        CoordinatorIdentity(job: JobIdentifier(high: job, low: 0), term: term)
    }

    private static func welcome() -> Welcome {
        var settings = RunSettings()
        settings.successorSeconds = 10
        return Welcome(
            workerIdentifier: 1, experiment: "", data: [], state: nil, records: Records(epochs: 0, savedEpochs: 0),
            timing: WorkerTiming(heartbeatIntervalMilliseconds: 250, coordinatorSilenceMilliseconds: 2000),
            settings: settings)
    }

    private static func known() -> CoordinatorLink {
        var link = CoordinatorLink(now: 0)
        link.accept(welcome(), from: sender(term: 2), now: 1000)
        return link
    }

    @Test func `before a welcome nothing is due`() {
        let link = CoordinatorLink(now: 0)
        #expect(link.check(now: 1_000_000) == .fine)
        #expect(!link.isHeartbeatDue(now: 1_000_000))
    }

    @Test func `the highest term of the job leads, and no other job does`() {
        var link = Self.known()
        guard case .deposed(.some) = link.received(from: Self.sender(term: 1), now: 1000) else {
            Issue.record("a lower term is not deposed")
            return
        }
        #expect(link.received(from: Self.sender(term: 3, job: 8), now: 1000) == .foreign)
        #expect(link.received(from: Self.sender(term: 2), now: 1000) == .leader)
        #expect(link.received(from: Self.sender(term: 3), now: 1000) == .leader)
        guard case .deposed = link.received(from: Self.sender(term: 2), now: 1000) else {
            Issue.record("a lower term is not deposed")
            return
        }
        #expect(link.leader == Self.sender(term: 3))
    }

    @Test func `messages of a deposed or a foreign coordinator do not end the silence`() {
        var link = Self.known()
        _ = link.received(from: Self.sender(term: 1), now: 2500)
        _ = link.received(from: Self.sender(term: 9, job: 8), now: 2500)
        #expect(link.check(now: 3000) == .greet)
    }

    @Test func `silence asks for HELLO, repeated until it is answered, and in the end for giving up`() {
        var link = Self.known()
        #expect(link.check(now: 2999) == .fine)
        #expect(link.check(now: 3000) == .greet)
        link.greeted(now: 3000)
        #expect(!link.isKnown)
        #expect(link.check(now: 3249) == .fine)
        #expect(link.check(now: 3250) == .greet)
        #expect(link.check(now: 11_000) == .giveUp)
    }

    @Test func `messages of a coordinator that does not know this worker do not end the silence`() {
        var link = Self.known()
        link.greeted(now: 3000)
        _ = link.received(from: Self.sender(term: 2), now: 5000)
        #expect(link.check(now: 11_000) == .giveUp)
    }

    @Test func `after a late tick the silence is measured anew`() {
        var link = Self.known()
        #expect(link.tick(now: 1000) == false)
        #expect(link.tick(now: 12_000) == true)
        link.restartSilence(now: 12_000)
        #expect(link.check(now: 12_000) == .fine)
    }

    @Test func `a heartbeat is due after its interval`() {
        var link = Self.known()
        link.sentProgress(now: 1000)
        #expect(!link.isHeartbeatDue(now: 1249))
        #expect(link.isHeartbeatDue(now: 1250))
    }
}

@Suite struct ViewMembershipTests {
    private static func view(_ generation: UInt64, completedSteps: UInt64 = 5, inbox: String = "ipc://me") -> View {
        let member = Member(
            rank: 1, workerIdentifier: 1, name: "w", host: "h", processIdentifier: 1, inboxAddress: inbox,
            microBatches: 0..<8)
        return View(
            generation: generation,
            position: Position(rounds: completedSteps, completedSteps: completedSteps, completedEpochs: 0), holder: 0,
            members: [member])
    }

    @Test func `a generation is announced once, and never a lower one`() {
        var membership = ViewMembership()
        #expect(membership.announce(3) == .new)
        #expect(membership.announce(3) == .known)
        #expect(membership.announce(2) == .outdated)
        #expect(membership.announcedGeneration == 3)
    }

    @Test func `a view is entered by the member whose inbox it names, if it is newer`() {
        var membership = ViewMembership()
        #expect(membership.enter(Self.view(2, inbox: "ipc://other"), inboxAddress: "ipc://me") == false)
        #expect(!membership.holdsState)
        #expect(membership.enter(Self.view(2), inboxAddress: "ipc://me") == true)
        #expect(membership.holdsState && membership.stepLimit == 5 && !membership.isFirst)
        #expect(membership.enter(Self.view(2), inboxAddress: "ipc://me") == false)
        _ = membership.announce(4)
        #expect(membership.enter(Self.view(3), inboxAddress: "ipc://me") == false)
    }

    @Test func `grants only rise, and end with a stop`() {
        var membership = ViewMembership()
        _ = membership.enter(Self.view(1), inboxAddress: "ipc://me")
        #expect(membership.extend(to: 9) == true)
        #expect(membership.extend(to: 9) == false)
        #expect(membership.stop(at: 8) == false)
        #expect(membership.stop(at: 9) == true)
        #expect(membership.stop(at: 10) == false)
        #expect(membership.extend(to: 20) == false)
        _ = membership.enter(Self.view(2), inboxAddress: "ipc://me")
        #expect(membership.extend(to: 6) == true)
    }
}
