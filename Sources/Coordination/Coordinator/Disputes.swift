/// Two workers computed different gradients for the same micro-batches. The coordinator asks for the state before the
/// step, has the gradient re-executed, and evicts the worker that was wrong.
struct Audit: Equatable {
    enum Finding: Equatable {
        /// The rank whose gradient was wrong, and the rank that was right.
        case wrong(rank: Int, right: Int)
        /// The re-execution agrees with neither, or failed.
        case undecided
    }

    let mismatch: AuditMismatch
    /// Identifier of the worker that sends the state.
    let stateSender: UInt32
    let deadline: UInt64

    /// What to re-execute, once the state is here. Nil when the state is not the one before the step.
    func question(from name: StateName, state: [UInt8], view: View) -> AuditQuestion? {
        guard name.completedSteps == mismatch.completedSteps, view.members.indices.contains(mismatch.owner) else {
            return nil
        }
        return AuditQuestion(
            generation: view.generation, completedSteps: mismatch.completedSteps,
            microBatches: view.members[mismatch.owner].microBatches, state: state)
    }

    /// Compares the digest of the re-executed gradient with both workers' digests; nil is a failed re-execution.
    func finding(reexecuted digest: UInt64?) -> Finding {
        switch digest {
        case mismatch.ownerDigest: .wrong(rank: mismatch.auditor, right: mismatch.owner)
        case mismatch.auditorDigest: .wrong(rank: mismatch.owner, right: mismatch.auditor)
        default: .undecided
        }
    }
}

/// Workers hold different states after the same round. Two of them send theirs, one after the other, so that the run's
/// failure can name the tensors that differ.
struct StateComparison: Equatable {
    private let failure: RunFailure
    let deadline: UInt64
    /// Identifiers of workers whose states are still missing.
    private var awaited: [UInt32]
    private var states: [[UInt8]] = []

    /// Compares the states of the first two workers that are at the same round with different digests.
    init(_ failure: RunFailure, of workers: [Int], in roster: Roster, deadline: UInt64) {
        self.failure = failure
        self.deadline = deadline
        awaited = Self.differingPair(of: workers, in: roster)
    }

    private static func differingPair(of workers: [Int], in roster: Roster) -> [UInt32] {
        for left in workers {
            for right in workers {
                guard let first = roster[left].ready, let second = roster[right].ready,
                    first.position.rounds == second.position.rounds, first.stateDigest != second.stateDigest
                else { continue }
                return [roster[left].identifier, roster[right].identifier]
            }
        }
        return []
    }

    /// The worker that has to send its state now; nil when no state is missing.
    var nextSender: UInt32? { awaited.first }

    /// Takes the next state. Returns both states when the second one is here.
    mutating func receive(_ state: [UInt8]) -> (left: [UInt8], right: [UInt8])? {
        awaited.removeFirst()
        states.append(state)
        return awaited.isEmpty && states.count == 2 ? (states[0], states[1]) : nil
    }

    /// The failure of the run, with the names of the tensors that differ.
    func failure(tensors: [String]) -> RunFailure {
        var failure = failure
        if case .statesDiffer(let steps, let groups, _) = failure.cause {
            failure.cause = .statesDiffer(completedSteps: steps, groups: groups, tensors: tensors)
        }
        return failure
    }
}
