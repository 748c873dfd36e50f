/// An audit that failed: the gradient is computed a third time, and whoever is wrong is put out.
extension CoordinatorMachine {
    /// Asks for the state before the step, from a worker that has no part in it where there is one.
    mutating func judge(_ mismatch: AuditMismatch, now: UInt64) {
        guard phase.isTraining, let owner = roster.index(ofRank: mismatch.owner), isOwner(owner),
            let auditor = roster.index(ofRank: mismatch.auditor), isOwner(auditor)
        else { return ignoredMessageCount += 1 }
        guard owner != auditor else { return doAgain(mismatch, owner, now: now) }
        let witness = roster.members.first { isOwner($0) && $0 != owner && $0 != auditor } ?? auditor
        log(
            .warning,
            "\(roster[auditor].label) computed another gradient for \(roster[owner].label) at step "
                + "\(mismatch.completedSteps + 1): it is computed a third time")
        beginRecovery(cause: "an audit found a difference", now: now)
        phase = .judging(
            mismatch, stateFrom: roster[witness].identifier,
            deadline: now + configuration.timing.salvageMilliseconds)
        send(.sendState(.audit), to: witness)
    }

    /// A worker that is alone computed two gradients that differ: it does the step again, but not for ever.
    private mutating func doAgain(_ mismatch: AuditMismatch, _ owner: Int, now: UInt64) {
        let step = mismatch.completedSteps + 1
        log(.warning, "\(roster[owner].label) computed two different gradients at step \(step): the step is done again")
        doAgain(mismatch, last: "computed two different gradients", now: now)
    }

    /// The state or the third gradient did not come in time.
    mutating func leaveUnjudged(_ mismatch: AuditMismatch, now: UInt64) {
        let step = mismatch.completedSteps + 1
        log(.warning, "who computed a wrong gradient at step \(step) was not found out in time: the step is done again")
        doAgain(mismatch, last: "computed another gradient than a second one", now: now)
    }

    private mutating func doAgain(_ mismatch: AuditMismatch, last: String, now: UInt64) {
        if faultCounts.add(afterStep: mismatch.completedSteps) {
            let cause = Verdict.Cause.repeatedFailure(
                step: mismatch.completedSteps, count: FaultCounts.limit, last: last)
            return fail(cause, about: nil, now: now)
        }
        beginRecovery(cause: "an audit found a difference", now: now)
        regroup(now: now)
    }

    /// The state has arrived.
    mutating func askJudge(_ name: StateName, state: [UInt8], now: UInt64) {
        guard case .judging(let mismatch, _, _) = phase, let view, name.completedSteps == mismatch.completedSteps,
            view.members.indices.contains(mismatch.owner)
        else { return }
        actions.append(
            .judgeAudit(
                AuditQuestion(
                    generation: view.generation, completedSteps: mismatch.completedSteps,
                    microBatches: view.members[mismatch.owner].microBatches, state: state)))
    }

    /// The true digest is known; nil when it could not be computed. The others do the step again.
    mutating func handleJudgement(_ truth: UInt64?, now: UInt64) {
        guard case .judging(let mismatch, _, _) = phase, let owner = roster.index(ofRank: mismatch.owner),
            let auditor = roster.index(ofRank: mismatch.auditor)
        else { return }
        let step = mismatch.completedSteps + 1
        switch truth {
        case mismatch.ownerDigest:
            lose(auditor, .auditFailed(step: step, other: roster[owner].label), now: now)
        case mismatch.auditorDigest:
            lose(owner, .auditFailed(step: step, other: roster[auditor].label), now: now)
        default:
            let labels = [roster[owner].label, roster[auditor].label]
            fail(.auditUndecided(step: step, workers: labels), about: nil, now: now)
        }
    }
}
