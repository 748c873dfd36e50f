extension CoordinatorMachine {
    mutating func sendGrant(now: UInt64) {
        for worker in roster.members {
            roster[worker].lastHeartbeat = now
            send(order, to: worker)
        }
    }

    /// What the members are told while they train: how far to go, and whether to end there.
    var order: CoordinatorMessage {
        let limit = stop?.stepLimit ?? grants.stepLimit
        let grant = Grant(generation: generation, stepLimit: limit, records: records)
        return stop == nil ? .grant(grant) : .stop(grant)
    }

    mutating func handleProgress(_ progress: Progress, from worker: Int, now: UInt64) {
        let isMember = roster[worker].rank != nil
        guard !isMember || (progress.generation == generation && progress.completedSteps <= grantedSteps) else {
            return ignoredMessageCount += 1
        }
        let known = roster[worker].progress
        guard progress.counter >= known.counter else { return }
        roster[worker].progress = progress
        if isMember { roster[worker].progress.completedSteps = max(known.completedSteps, progress.completedSteps) }
        if progress.counter > known.counter {
            roster[worker].lastWorked = now
        }
        if roster[worker].rank == 0 {
            actions.append(.showProgress(progress))
        }
        guard phase == .training, progress.generation == generation else { return }
        noteSlowWorker(worker, now: now)
        endRecovery(now: now)
        announceBoundary(now: now)
        if isBoundaryAnnounced {
            reachBoundary(now: now)
        } else if stop == nil, grants.advance(completedSteps: ownersCompletedSteps, now: now) != nil {
            sendGrant(now: now)
        }
    }

    /// Nobody can have completed more steps.
    var grantedSteps: UInt64 { max(grants.stepLimit, view?.position.completedSteps ?? 0) }

    /// Steps that every owner has completed.
    var ownersCompletedSteps: UInt64 {
        roster.members.filter { isOwner($0) }.map { roster[$0].progress.completedSteps }.min() ?? 0
    }

    mutating func handleStepDigests(_ digests: StepDigests, from worker: Int) {
        let end = digests.firstStep.addingReportingOverflow(UInt64(digests.digests.count))
        guard digests.generation == view?.generation, roster[worker].rank == 0, !end.overflow,
            end.partialValue > journalledSteps
        else { return ignoredMessageCount += 1 }
        let first = max(digests.firstStep, journalledSteps)
        journalledSteps = end.partialValue
        let kept = Array(digests.digests.dropFirst(Int(first - digests.firstStep)))
        actions.append(.journal(.stepDigests(firstStep: first, digests: kept)))
    }

    /// Records an epoch when every member reported the same.
    mutating func handleEpochEnded(_ ended: EpochEnded, from worker: Int, now: UInt64) {
        // Who holds no state of this run has nothing to say about it.
        guard !isEnding, roster[worker].rank != nil || roster[worker].isAttached else {
            return ignoredMessageCount += 1
        }
        roster[worker].lastWorked = now
        switch ledger.report(ended, from: roster[worker].identifier) {
        case .ignored: ignoredMessageCount += 1
        case .accepted(let records):
            record(records)
            releaseStates(now: now)
            finishWhenDone(now: now)
        case .differ(let steps, let reports):
            let groups = roster.groups { record in
                reports.first { $0.worker == record.identifier }?.digest
            }
            diverge(.statesDiffer(completedSteps: steps, groups: groups), now: now)
        }
    }

    mutating func record(_ records: [EpochRecord]) {
        for record in records {
            actions.append(.recordEpoch(record))
            actions.append(
                .journal(.epoch(record.epoch, completedSteps: record.completedSteps, stateDigest: record.stateDigest)))
        }
    }

    /// A worker ended as planned. When all have, and the last state is saved, the run is over.
    mutating func handleDone(_ done: Done, from worker: Int, now: UInt64) {
        guard done.generation == generation, roster[worker].rank != nil, roster[worker].done == nil, !isEnding,
            done.completedSteps <= grantedSteps
        else { return ignoredMessageCount += 1 }
        roster[worker].done = done
        roster[worker].lastWorked = now
        roster[worker].progress.completedSteps = max(roster[worker].progress.completedSteps, done.completedSteps)
        finishWhenDone(now: now)
    }

    mutating func finishWhenDone(now: UInt64) {
        guard phase.isTraining, let done = agreedDone(now: now) else { return }
        releaseStates(now: now)
        guard checkpoints.isEmpty, heldStates.isEmpty, !collector.isWaiting,
            checkpoints.savedSteps >= done.completedSteps, let view
        else { return }
        endRecovery(now: now)
        if done.isComplete {
            let outcome = Outcome.completed(completedSteps: done.completedSteps, stateDigest: done.stateDigest)
            end(outcome, now: now)
        } else if let stop {
            end(.interrupted(signal: stop.signal, completedSteps: done.completedSteps, saved: true), now: now)
        } else {
            fail(.left, about: roster.index(ofRank: view.holder), now: now)
        }
    }

    /// What all members ended with, once all have; ends the run when they differ.
    private mutating func agreedDone(now: UInt64) -> Done? {
        var agreed: Done?
        for worker in roster.members where isOwner(worker) {
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
    var isTraining: Bool { self == .training }
}
