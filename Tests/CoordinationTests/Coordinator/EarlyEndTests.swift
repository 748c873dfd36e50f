import Testing

@testable import Coordination

@Suite struct EarlyEndTests {
    private static let signal: Int32 = 15

    private func situation(
        _ phase: CoordinatorMachine.Phase, mayHaveStates: Bool = true, hasUnfinishedOwner: Bool = true
    ) -> EarlyEnd.Situation {
        EarlyEnd.Situation(phase: phase, mayHaveStates: mayHaveStates, hasUnfinishedOwner: hasUnfinishedOwner)
    }

    private func stopped(in phase: CoordinatorMachine.Phase, at time: UInt64 = 1000) -> EarlyEnd {
        var end = EarlyEnd(graceMilliseconds: 8000)
        _ = end.stop(signal: Self.signal, in: situation(phase), now: time)
        return end
    }

    @Test func `what a signal asks for depends on where the states are`() {
        func decision(_ phase: CoordinatorMachine.Phase, mayHaveStates: Bool = true) -> EarlyEnd.Decision {
            var end = EarlyEnd(graceMilliseconds: 8000)
            return end.stop(signal: Self.signal, in: situation(phase, mayHaveStates: mayHaveStates), now: 0)
        }
        #expect(decision(.training) == .stop(signal: Self.signal))
        #expect(decision(.linking(since: 0)) == .quiesce)
        #expect(decision(.waitingForWorkers(since: 0)) == .saveState)
        #expect(decision(.gathering(since: 0)) == .awaitStates)
        #expect(decision(.gathering(since: 0), mayHaveStates: false) == .endSaved)
        #expect(decision(.preparing(since: 0)) == .endSaved)
    }

    @Test func `one request is counted once, and only a later SIGINT overrules it`() {
        var end = stopped(in: .training)
        let training = situation(.training)
        #expect(end.stop(signal: 2, in: training, now: 1100) == .nothing)
        #expect(end.interrupt(signal: 2, in: training, now: 1249) == .nothing)
        #expect(end.interrupt(signal: 15, in: training, now: 9000) == .nothing)
        #expect(end.interrupt(signal: 2, in: training, now: 1250) == .endUnsaved)
        let outcome = Outcome.interrupted(signal: Self.signal, completedSteps: 7, saved: true)
        #expect(end.outcome(savedSteps: 7, isSaved: true) == outcome)
        #expect(end.interrupt(signal: 2, in: situation(.over), now: 1250) == .finish)
    }

    @Test func `a long step is given up after half of the grace time, and all is after seven eighths`() {
        let end = stopped(in: .training)
        #expect(end.check(situation(.training), now: 4999) == .nothing)
        #expect(end.check(situation(.training), now: 5000) == .giveUpStep)
        #expect(end.check(situation(.training, hasUnfinishedOwner: false), now: 5000) == .nothing)
        #expect(end.check(situation(.training), now: 8000) == .endUnsaved)
    }

    @Test func `workers that do not quiesce are given up after three quarters of the grace time`() {
        let end = stopped(in: .linking(since: 0))
        let phase = CoordinatorMachine.Phase.reconfiguring(CoordinatorMachine.Reconfiguration(since: 0))
        #expect(end.check(situation(phase), now: 6999) == .nothing)
        #expect(end.check(situation(phase), now: 7000) == .saveState)
    }

    @Test func `without a signal nothing is ended by time, and the first failure counts`() {
        var end = EarlyEnd(graceMilliseconds: 0)
        #expect(end.check(situation(.training), now: 1_000_000) == .nothing)
        #expect(end.outcome(savedSteps: 1, isSaved: true) == nil && !end.savesStates)
        end.fail(with: RunFailure(cause: .left, generation: 1))
        end.fail(with: RunFailure(cause: .childStopped, generation: 2))
        #expect(end.savesStates && end.failure?.cause == .left && !end.isRequested)
    }
}
