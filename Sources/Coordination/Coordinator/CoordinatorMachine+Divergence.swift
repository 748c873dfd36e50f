/// Workers that should hold the same state do not: the run stops, naming the tensors.
extension CoordinatorMachine {
    /// Notes that workers reported different digests, and has all stand still, so that their states can be compared.
    mutating func diverge(_ cause: Verdict.Cause, now: UInt64) {
        guard divergence == nil else { return }
        divergence = verdict(cause, about: nil, now: now)
        regroup(now: now)
    }

    /// Ends the run for good, after a look at the states of two workers that stand at the same round with different digests.
    mutating func compareStates(_ verdict: Verdict, now: UInt64) {
        log(.failure, "workers hold different states: they are compared")
        var pair: [UInt32] = []
        let comparable = comparableWorkers
        for left in comparable where pair.isEmpty {
            for right in comparable {
                guard let first = roster[left].standing, let second = roster[right].standing,
                    first.position.rounds == second.position.rounds, first.stateDigest != second.stateDigest
                else { continue }
                pair = [roster[left].identifier, roster[right].identifier]
                break
            }
        }
        let comparison = Comparison(verdict: verdict, awaited: pair)
        phase = .comparing(comparison, deadline: now + configuration.timing.salvageMilliseconds)
        askForState(comparison, now: now)
    }

    private mutating func askForState(_ comparison: Comparison, now: UInt64) {
        guard let next = comparison.awaited.first,
            let worker = roster.present.first(where: { roster[$0].identifier == next })
        else { return endComparison(tensors: [], now: now) }
        send(.sendState(.comparison), to: worker)
    }

    /// One of the two states is here.
    mutating func compare(_ state: [UInt8], now: UInt64) {
        guard case .comparing(var comparison, let deadline) = phase else { return }
        comparison.awaited.removeFirst()
        comparison.states.append(state)
        phase = .comparing(comparison, deadline: deadline)
        if comparison.awaited.isEmpty, comparison.states.count == 2 {
            actions.append(.compareStates(comparison.states[0], comparison.states[1]))
        } else {
            askForState(comparison, now: now)
        }
    }

    /// The end of a run whose workers hold different states.
    mutating func endComparison(tensors: [String], now: UInt64) {
        guard case .comparing(let comparison, _) = phase else { return }
        var verdict = comparison.verdict
        if case .statesDiffer(let steps, let groups, _) = verdict.cause {
            verdict.cause = .statesDiffer(completedSteps: steps, groups: groups, tensors: tensors)
        }
        log(.failure, verdict.description)
        end(.failed(verdict), now: now)
    }
}
