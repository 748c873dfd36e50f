import Core
import Testing

@testable import Coordination

@Suite("Membership")
struct MembershipTests {
    private typealias Fixtures = CoordinatorFixtures

    /// A view of generation 1 from round 0, whose owners are the first `owners` workers of the roster.
    private func view(
        owners: Int, of roster: inout Roster, _ adjust: (inout CoordinatorConfiguration) -> Void = { _ in }
    ) -> Membership {
        var membership = Membership(Fixtures.configuration(workers: owners, adjust))
        membership.startGeneration()
        for worker in roster.present { roster.setReady(worker, Fixtures.ready(0)) }
        let learners = Array(owners..<roster.present.count)
        _ = membership.enterView(
            .init(owners: Array(0..<owners), learners: learners),
            runs: (0..<owners).map { $0..<$0 + 1 }, from: Fixtures.ready(0), in: &roster, now: 0)
        return membership
    }

    @Test func `a generation is above every generation that a worker reports`() {
        var membership = Membership(Fixtures.configuration { $0.lastGeneration = 4 })
        membership.startGeneration()
        #expect(membership.generation == 5)
        var hello = Fixtures.hello(0)
        hello.attachment = Attachment(job: .init(high: 1, low: 2), generation: 9, holdsState: true)
        membership.noteReportedGeneration(of: hello)
        #expect(membership.isGenerationOutdated)
        membership.startGeneration()
        #expect(membership.generation == 10 && !membership.isGenerationOutdated)
    }

    @Test func `a view names ranks, micro-batches, holder and who needs the state`() throws {
        var roster = Fixtures.roster(3)
        var membership = Membership(Fixtures.configuration { $0.ownerLimit = 3 })
        membership.startGeneration()
        for (worker, rounds) in zip(0..<3, [4, 5, 0] as [UInt64]) { roster.setReady(worker, Fixtures.ready(rounds)) }
        let view = membership.enterView(
            .init(owners: [0, 1], learners: [2]), runs: [0..<4, 4..<8], from: Fixtures.ready(5), in: &roster, now: 7)
        #expect(view.members.map(\.name) == ["w0", "w1", "w2"])
        #expect(view.members.map(\.microBatches) == [0..<4, 4..<8, 8..<8])
        #expect(view.members.map(\.needsState) == [true, false, true])
        #expect(view.holder == 1 && view.position.rounds == 5 && view.generation == 1)
        #expect(membership.owners(in: roster) == [0, 1] && roster.members == [0, 1, 2])
        #expect(roster[2].ready == nil && roster[2].lastProgressed == 7)
    }

    @Test func `owners are ordered host by host, the host with most of them first, and members tell their hosts`() {
        var roster = Roster()
        for (number, host) in zip(0..<5, [4, 9, 4, 9, 9] as [UInt64]) {
            _ = roster.add(
                Fixtures.hello(number, hostIdentifier: host), from: Fixtures.connection(number), isLocal: true,
                isAttached: false, now: 0)
            roster.setReady(number, Fixtures.ready(0))
        }
        var membership = Membership(Fixtures.configuration(workers: 5) { $0.ownerLimit = 5 })
        membership.startGeneration()
        let choice = membership.chooseMembers(from: Fixtures.ready(0), in: roster, now: 0)
        #expect(choice.owners == [1, 3, 4, 0, 2] && roster.hostSizes(of: choice.owners) == [3, 2])
        let view = membership.enterView(
            choice, runs: [0..<1, 1..<3, 3..<5, 5..<6, 6..<8], from: Fixtures.ready(0), in: &roster, now: 0)
        #expect(view.members.map(\.hostNumber) == [0, 0, 0, 1, 1])
    }

    @Test func `an owner cannot be further than its grant, a new worker not further than the start`() {
        var roster = Fixtures.roster(2)
        let membership = view(owners: 1, of: &roster)
        func accepts(_ worker: Int, _ rounds: UInt64) -> Bool {
            membership.accepts(Fixtures.ready(rounds).position, of: roster[worker], grantedSteps: 10)
        }
        #expect(accepts(0, 10) && !accepts(0, 11))
        let newcomer = roster.add(
            Fixtures.hello(9), from: Fixtures.connection(9), isLocal: true, isAttached: false, now: 0)
        #expect(accepts(newcomer, 0) && !accepts(newcomer, 1))
    }

    @Test func `owners of the last view decide the position, not a newcomer that is further`() {
        var roster = Fixtures.roster(3)
        let membership = view(owners: 2, of: &roster)
        roster.setReady(0, Fixtures.ready(4))
        roster.setReady(1, Fixtures.ready(5))
        roster.setReady(2, Fixtures.ready(9))
        #expect(membership.furthestPosition(in: roster)?.rounds == 5)
        roster.remove(0)
        roster.remove(1)
        #expect(membership.furthestPosition(in: roster)?.rounds == 9)
    }

    @Test func `different digests at the furthest round make two groups, a state a round behind none`() {
        var roster = Fixtures.roster(3)
        let membership = view(owners: 3, of: &roster)
        roster.setReady(0, Fixtures.ready(5, digest: 1))
        roster.setReady(1, Fixtures.ready(5, digest: 2))
        roster.setReady(2, Fixtures.ready(4, digest: 3))
        let groups = membership.stateGroups(at: Fixtures.ready(5).position, in: roster)
        #expect(groups.map(\.workers) == [["worker 'w0' (rank 0)"], ["worker 'w1' (rank 1)"]])
    }

    @Test func `former owners go first, then workers that are up to date; others learn`() {
        var roster = Fixtures.roster(4)
        let membership = view(owners: 2, of: &roster) { $0.ownerLimit = 3 }
        for (worker, rounds) in zip(0..<4, [5, 4, 5, 0] as [UInt64]) { roster.setReady(worker, Fixtures.ready(rounds)) }
        func choice(now: UInt64) -> Membership.Choice {
            membership.chooseMembers(from: Fixtures.ready(5), in: roster, now: now)
        }
        #expect(choice(now: 0) == .init(owners: [0, 1, 2], learners: []))
        roster.suspend(2, until: 100)
        #expect(choice(now: 0) == .init(owners: [0, 1], learners: [3]))
        #expect(choice(now: 100) == .init(owners: [0, 1, 2], learners: []))
    }

    @Test func `with too few owners newcomers compute at once`() {
        var roster = Fixtures.roster(2)
        let membership = view(owners: 1, of: &roster) {
            $0.workerCount = 2
            $0.ownerLimit = 2
            $0.settings.minimumWorkerCount = 2
        }
        roster.setReady(0, Fixtures.ready(5))
        roster.setReady(1, Fixtures.ready(0))
        #expect(
            membership.chooseMembers(from: Fixtures.ready(5), in: roster, now: 0)
                == .init(owners: [0, 1], learners: []))
    }

    @Test func `a prepared worker joins a view that is not full, unless it is suspended`() {
        var roster = Fixtures.roster(1)
        let membership = view(owners: 1, of: &roster) { $0.ownerLimit = 2 }
        #expect(membership.newcomer(in: roster, now: 0) == nil)
        let newcomer = roster.add(
            Fixtures.hello(9), from: Fixtures.connection(9), isLocal: true, isAttached: false, now: 0)
        #expect(membership.newcomer(in: roster, now: 0) == nil)
        roster.setReady(newcomer, Fixtures.ready(0))
        #expect(membership.newcomer(in: roster, now: 0) == newcomer)
        roster.suspend(newcomer, until: 5)
        #expect(membership.newcomer(in: roster, now: 4) == nil && membership.newcomer(in: roster, now: 5) == newcomer)
        let full = view(owners: 1, of: &roster) { $0.ownerLimit = 1 }
        #expect(full.newcomer(in: roster, now: 5) == nil)
    }

    @Test func `a linked learner near the owners may become one, after a step of its own`() {
        var roster = Fixtures.roster(2)
        let membership = view(owners: 1, of: &roster) { $0.ownerLimit = 2 }
        func report(_ worker: Int, _ steps: UInt64, counter: UInt64) {
            let isKept = roster.update(worker, Fixtures.progress(steps, counter: counter), now: 0)
            #expect(isKept)
        }
        report(0, 10, counter: 1)
        report(1, 8, counter: 1)
        #expect(
            membership.linkedLearners(in: roster).isEmpty && membership.promotableLearner(in: roster, lag: 2) == nil)
        roster.setLinked(1, generation: 1, completedSteps: 0)
        #expect(membership.linkedLearners(in: roster) == [1])
        #expect(membership.promotableLearner(in: roster, lag: 100) == nil)
        report(1, 8, counter: 2)
        #expect(membership.promotableLearner(in: roster, lag: 1) == nil)
        #expect(membership.promotableLearner(in: roster, lag: 2) == 1)
    }
}
