/// Two workers computed different gradients for the same micro-batches. Both send the state before the step; if it is
/// the same, the coordinator has the gradient re-executed from it, and evicts the worker whose own digest is another
/// one.
///
/// What one of the two reports about the other decides nothing.
struct Audit: Equatable {
    enum Finding: Equatable {
        /// The rank whose gradient was wrong, and the rank that was right.
        case wrong(rank: Int, right: Int)
        /// The re-execution agrees with neither, or failed.
        case undecided
        /// A worker has not reported its digest, or both reported the right one.
        case unconfirmed
    }

    enum Delivery: Equatable {
        /// Not the state before the step, or the other worker's is missing.
        case incomplete
        case complete(AuditQuestion)
        /// The two workers hold different states before the step.
        case differ(left: [UInt8], right: [UInt8])
    }

    let mismatch: AuditMismatch
    let deadline: UInt64
    /// Identifiers of the workers whose state is still missing.
    private var awaited: [UInt32]
    private var state: [UInt8]?
    /// What a rank reported of its own gradient.
    private var ownDigests: [Int: UInt64] = [:]

    /// `senders` are the identifiers of the two workers.
    init(_ mismatch: AuditMismatch, reportedBy rank: Int, senders: [UInt32], deadline: UInt64) {
        self.mismatch = mismatch
        self.deadline = deadline
        awaited = senders
        note(mismatch, reportedBy: rank)
    }

    /// Identifier of the worker that has to send its state now.
    var stateSender: UInt32? { awaited.first }

    /// Another worker reports the same dispute.
    mutating func note(_ report: AuditMismatch, reportedBy rank: Int) {
        guard
            (report.completedSteps, report.owner, report.auditor)
                == (mismatch.completedSteps, mismatch.owner, mismatch.auditor), ownDigests[rank] == nil
        else { return }
        if rank == mismatch.owner { ownDigests[rank] = report.ownerDigest }
        if rank == mismatch.auditor { ownDigests[rank] = report.auditorDigest }
    }

    /// Takes a state from the present sender.
    mutating func receive(_ name: StateName, _ bytes: [UInt8], view: View) -> Delivery {
        guard name.completedSteps == mismatch.completedSteps, view.members.indices.contains(mismatch.owner) else {
            return .incomplete
        }
        awaited.removeFirst()
        guard let first = state else {
            state = bytes
            return .incomplete
        }
        guard first == bytes else { return .differ(left: first, right: bytes) }
        return .complete(
            AuditQuestion(
                generation: view.generation, completedSteps: mismatch.completedSteps,
                microBatches: view.members[mismatch.owner].microBatches, state: bytes))
    }

    /// Compares the digest of the re-executed gradient with what each worker reported of its own; nil is a failed
    /// re-execution.
    func finding(reexecuted digest: UInt64?) -> Finding {
        guard let digest else { return .undecided }
        guard let owner = ownDigests[mismatch.owner], let auditor = ownDigests[mismatch.auditor] else {
            return .unconfirmed
        }
        switch (owner == digest, auditor == digest) {
        case (true, true): return .unconfirmed
        case (true, false): return .wrong(rank: mismatch.auditor, right: mismatch.owner)
        case (false, true): return .wrong(rank: mismatch.owner, right: mismatch.auditor)
        case (false, false): return .undecided
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
