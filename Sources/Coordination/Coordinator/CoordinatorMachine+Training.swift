extension CoordinatorMachine {
    mutating func sendGrant(now: UInt64) {
        for worker in roster.members {
            roster[worker].lastHeartbeat = now
            send(.grant(generation: generation, stepLimit: grants.stepLimit), to: worker)
        }
    }

    mutating func handleProgress(_ progress: Progress, from worker: Int, now: UInt64) {
        guard progress.generation == generation || progress.generation == 0 else { return ignoredMessageCount += 1 }
        let known = roster[worker].progress
        guard progress.counter >= known.counter else { return }
        roster[worker].progress = progress
        roster[worker].progress.completedSteps = max(known.completedSteps, progress.completedSteps)
        if progress.counter > known.counter {
            roster[worker].lastWorked = now
        }
        if roster[worker].rank == 0 {
            actions.append(.showProgress(progress, stepLimit: grants.stepLimit))
        }
        if phase == .training, grants.advance(completedSteps: roster.completedSteps, now: now) != nil {
            sendGrant(now: now)
        }
    }

    mutating func handleStepDigests(_ digests: StepDigests, from worker: Int) {
        let end = digests.firstStep.addingReportingOverflow(UInt64(digests.digests.count))
        guard digests.generation == generation, roster[worker].rank == 0, !end.overflow,
            end.partialValue > journalledSteps
        else { return ignoredMessageCount += 1 }
        let first = max(digests.firstStep, journalledSteps)
        journalledSteps = end.partialValue
        let kept = Array(digests.digests.dropFirst(Int(first - digests.firstStep)))
        actions.append(.journal(.stepDigests(firstStep: first, digests: kept)))
    }

    /// Records an epoch when every member reported the same.
    mutating func handleEpochEnded(_ ended: EpochEnded, from worker: Int, now: UInt64) {
        guard ended.generation == generation, roster[worker].rank != nil, !isEnding else {
            return ignoredMessageCount += 1
        }
        roster[worker].lastWorked = now
        let result = ledger.report(ended, from: roster[worker].identifier, memberCount: roster.members.count)
        switch result {
        case .ignored: ignoredMessageCount += 1
        case .accepted(let records):
            for record in records {
                actions.append(.recordEpoch(record))
                actions.append(
                    .journal(
                        .epoch(record.epoch, completedSteps: record.completedSteps, stateDigest: record.stateDigest)))
            }
            releaseStates(now: now)
        case .differ(let steps, let reports):
            let groups = roster.groups { record in
                reports.first { $0.worker == record.identifier }?.digest
            }
            fail(.statesDiffer(completedSteps: steps, groups: groups), about: nil, now: now)
        }
    }

    /// A worker ended as planned. When all have, and the last state is saved, the run is over.
    mutating func handleDone(_ done: Done, from worker: Int, now: UInt64) {
        guard done.generation == generation, roster[worker].rank != nil, roster[worker].done == nil, !isEnding else {
            return ignoredMessageCount += 1
        }
        roster[worker].done = done
        roster[worker].lastWorked = now
        roster[worker].progress.completedSteps = max(roster[worker].progress.completedSteps, done.completedSteps)
        finishWhenDone(now: now)
    }

    mutating func finishWhenDone(now: UInt64) {
        guard phase.isTrainingOrStopping, let done = agreedDone(now: now) else { return }
        releaseStates(now: now)
        guard checkpoints.isEmpty, heldStates.isEmpty, !collector.isWaiting,
            checkpoints.savedSteps >= done.completedSteps
        else { return }
        if done.isComplete {
            let outcome = Outcome.completed(completedSteps: done.completedSteps, stateDigest: done.stateDigest)
            end(outcome, now: now)
        } else if case .stopping(_, let signal) = phase {
            end(.interrupted(signal: signal, completedSteps: done.completedSteps, saved: true), now: now)
        } else {
            fail(.left, about: roster.members.first, now: now)
        }
    }

    /// What all members ended with, once all have; ends the run when they differ.
    private mutating func agreedDone(now: UInt64) -> Done? {
        var agreed: Done?
        for worker in roster.members {
            guard let done = roster[worker].done else { return nil }
            if let agreed, agreed != done {
                let groups = roster.groups { $0.done?.stateDigest }
                fail(.statesDiffer(completedSteps: done.completedSteps, groups: groups), about: nil, now: now)
                return nil
            }
            agreed = done
        }
        return agreed
    }
}

extension CoordinatorMachine.Phase {
    var isTrainingOrStopping: Bool {
        switch self {
        case .training, .stopping: true
        default: false
        }
    }
}
