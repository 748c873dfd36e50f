/// Training: progress and grants, boundaries, epochs, states for checkpoints, and the end as planned.
extension CoordinatorMachine {
    // MARK: Progress and grants

    /// What members receive while they train.
    var order: CoordinatorMessage {
        grants.order(generation: membership.generation, records: records)
    }

    mutating func sendGrant(now: UInt64) {
        for worker in roster.members {
            roster.noteHeartbeat(to: worker, now: now)
            send(order, to: worker)
        }
    }

    mutating func handleProgress(_ progress: Progress, from worker: Int, now: UInt64) {
        let isMember = roster[worker].rank != nil
        let isCurrent = progress.generation == membership.generation
        guard !isMember || (isCurrent && progress.completedSteps <= grantedSteps) else { return ignoreMessage() }
        guard roster.update(worker, progress, now: now) else { return }
        if roster[worker].rank == 0 { emit(.showProgress(progress)) }
        guard phase == .training, isCurrent else { return }
        reportSlowness(of: worker, now: now)
        reportNetworkCost(now: now)
        progressDeadline.note(completedSteps: membership.completedSteps(in: roster), now: now)
        noteCompletedSteps(now: now)
        announceBoundary(now: now)
        if grants.hasBoundary {
            reachBoundary(now: now)
        } else if grants.extend(completedSteps: membership.completedSteps(in: roster), now: now) {
            sendGrant(now: now)
        }
    }

    private mutating func reportSlowness(of worker: Int, now: UInt64) {
        guard isOwner(worker) else { return }
        let others = membership.owners(in: roster).filter { $0 != worker }
            .map { roster[$0].progress.microBatchNanoseconds }
        let slowness = assignment.findSlowness(
            of: roster[worker].identifier, ownNanoseconds: roster[worker].progress.microBatchNanoseconds,
            others: others, now: now)
        guard let slowness else { return }
        log(
            .warning,
            "\(roster[worker].label) is slow: it computes a micro-batch in \(slowness.ownNanoseconds / 1000) µs, the "
                + "others in \(slowness.usualNanoseconds / 1000) µs"
                + (configuration.settings.rebalances ? "" : "; --rebalance moves micro-batches away from it"))
    }

    private mutating func reportNetworkCost(now: UInt64) {
        let (roster, owners) = (roster, membership.owners(in: roster))
        guard !owners.contains(where: { roster[$0].progress.phase == .validating }) else {
            return networkCost.interrupt()
        }
        let finding = networkCost.note(
            completedSteps: membership.completedSteps(in: roster), generation: membership.generation,
            hosts: OwnerHost.all(of: owners, in: roster), now: now)
        guard let finding else { return }
        log(
            .warning,
            "the network makes \(finding.hostCount) hosts slower than one: a step takes "
                + "\(DecimalText.milliseconds(finding.stepMicroseconds)) ms, host '\(finding.host)' alone would compute it in about "
                + "\(DecimalText.milliseconds(finding.aloneMicroseconds)) ms; train on fewer hosts, or look for a slow or lossy link "
                + "with 'selvedge doctor'")
    }

    // MARK: Slow links

    /// Notes what a connection to a worker carried; `sender` nil is the coordinator.
    mutating func note(_ use: LinkUse, from sender: Int?, to worker: Int) {
        slowLinks.note(
            use,
            on: .init(
                from: sender.map { roster[$0].hello.hostIdentifier }, to: roster[worker].hello.hostIdentifier),
            between: .init(from: sender.map { roster[$0].identifier }, to: roster[worker].identifier))
    }

    mutating func handleLinks(_ report: LinkReport, from worker: Int) {
        guard report.generation == membership.view?.generation, roster[worker].rank != nil else {
            return ignoreMessage()
        }
        for link in report.links {
            guard let peer = roster.index(ofRank: link.rank), peer != worker else { continue }
            note(link.use, from: worker, to: peer)
        }
    }

    /// Once a second: reports a slow link, and evicts a host without which the others are faster.
    mutating func judgeLinks(now: UInt64) {
        guard !phase.isEnding, slowLinks.endWindow(now: now) else { return }
        if let finding = slowLinks.nextFinding() { report(finding) }
        guard configuration.settings.slowLinks == .evict else { return }
        let (roster, owners) = (roster, membership.owners(in: roster))
        let isInterrupted = owners.contains { roster[$0].progress.phase == .validating || roster[$0].done != nil }
        guard phase == .training, !grants.hasBoundary, grants.stop == nil, !isInterrupted else {
            return slowHosts.interrupt()
        }
        let finding = slowHosts.endWindow(
            completedSteps: membership.completedSteps(in: roster), hosts: OwnerHost.all(of: owners, in: roster),
            links: slowLinks, now: now)
        if let finding { evict(finding, now: now) }
    }

    private mutating func report(_ finding: SlowLinks.Finding) {
        let sender = finding.ends.from.map { name(ofWorker: $0) } ?? "the coordinator"
        let advice =
            configuration.settings.slowLinks == .evict
            ? "" : "; --slow-links evict goes on without a host that makes the others slower than they would be alone"
        log(
            .warning,
            "the link from \(sender) to \(name(ofWorker: finding.ends.to)) is slow: \(finding.figures)\(advice)")
    }

    private func name(ofWorker identifier: UInt32) -> String {
        roster.index(ofIdentifier: identifier).map { roster[$0].labelWithHost } ?? "a worker that left"
    }

    /// The workers of a host leave the view, and stay as spares.
    private mutating func evict(_ finding: SlowHosts.Finding, now: UInt64) {
        let workers = roster.members.filter { roster[$0].hello.hostIdentifier == finding.host }
        guard !finding.isNeeded else {
            let names = workers.map { roster[$0].labelWithHost }.joined(separator: ", ")
            return log(
                .warning,
                "--min-workers keeps \(names) in spite of slow links: a step takes "
                    + "\(DecimalText.milliseconds(finding.stepMicroseconds)) ms, without this host about "
                    + "\(DecimalText.milliseconds(finding.aloneMicroseconds)) ms")
        }
        let cause = RunFailure.Cause.slowLinks(
            stepMicroseconds: finding.stepMicroseconds, aloneMicroseconds: finding.aloneMicroseconds)
        for worker in workers { lose(worker, cause, now: now) }
    }

    /// Steps may be complete. The first one after a change of membership ends the interruption.
    private mutating func noteCompletedSteps(now: UInt64) {
        let completedSteps = membership.completedSteps(in: roster)
        guard let view = membership.view,
            completedSteps > view.position.completedSteps
                || roster.members.contains(where: { roster[$0].done != nil })
        else { return }
        defer { history.noteCompletedSteps(completedSteps, now: now) }
        guard let recovery = history.endInterruption(generation: membership.generation, now: now) else { return }
        emit(.recordRecovery(recovery))
        let interval =
            recovery.lastStepMilliseconds.map { ", \(now - min($0, now)) ms after the last one before" } ?? ""
        log(
            .notice,
            "recovered in \(now - recovery.noticedMilliseconds) ms: step \(completedSteps) is complete\(interval)")
    }

    mutating func checkTraining(now: UInt64) {
        loseUnresponsiveWorker(now: now)
        continueLeaving(now: now)
        announceBoundary(now: now)
        reachBoundary(now: now)
    }

    /// Loses the worker that holds the others up. Rank 0 holds them up when only its state is missing at the end.
    private mutating func loseUnresponsiveWorker(now: UInt64) {
        let working = membership.owners(in: roster).filter { roster[$0].done == nil }
        let isStateAwaited = working.isEmpty && checkpoints.hasWrittenAll
        let candidates = isStateAwaited ? roster.members.filter { roster[$0].rank == 0 } : working
        if let worker = detector.unresponsiveWorker(among: candidates, in: roster, now: now) {
            lose(worker, .unresponsive(milliseconds: now - roster[worker].lastProgressed), now: now)
        }
    }

    // MARK: Boundaries

    /// Lets the grant end when a worker waits to take part, or micro-batches have to move.
    mutating func announceBoundary(now: UInt64) {
        guard phase == .training, grants.stop == nil, !grants.hasBoundary,
            !roster.members.contains(where: { roster[$0].done != nil })
        else { return }
        let reason: String
        var level = LogEntry.Level.detail
        if hasStayingOwner, let leaver = roster.members.first(where: { roster[$0].isLeaving }) {
            reason = "\(roster[leaver].label) leaves"
        } else if let newcomer = membership.newcomer(in: roster, now: now) {
            reason = "\(roster[newcomer].label) joins as a learner"
        } else if let learner = membership.promotableLearner(in: roster, lag: grants.lag) {
            reason = "\(roster[learner].label) becomes an owner"
        } else if wantsRebalancing(now: now) {
            reason = "micro-batches move to faster workers"
            level = .notice
        } else {
            return
        }
        grants.announceBoundary()
        log(level, "after step \(grants.stepLimit), \(reason)")
    }

    /// Reconfigures when all members have reached the boundary.
    private mutating func reachBoundary(now: UInt64) {
        guard grants.hasBoundary, phase == .training else { return }
        let members = roster.members
        guard !members.contains(where: { roster[$0].done != nil }) else { return grants.cancelBoundary() }
        let owners = members.filter { isOwner($0) }
        let learners = membership.linkedLearners(in: roster)
        let isReached = grants.isBoundaryReached(
            owners: owners.map { roster[$0].progress }, learners: learners.map { roster[$0].progress }, now: now)
        if isReached { reconfigure(now: now) }
    }

    /// A signal asks a worker to leave. It stays until other workers hold its state, or the state is saved.
    mutating func handleLeaving(signal: Int32, from worker: Int, now: UInt64) {
        guard !phase.isEnding, !earlyEnd.isRequested, !roster[worker].isLeaving else { return ignoreMessage() }
        guard roster[worker].holdsState else {
            send(.end(reason: "it holds no state of the run"), to: worker)
            return lose(worker, .left, now: now)
        }
        let grace = configuration.settings.graceMilliseconds
        roster.setLeaving(worker, StopRequest(signal: signal, graceMilliseconds: grace, now: now))
        log(.notice, "\(roster[worker].label) received signal \(signal) and leaves once its state is safe")
        continueLeaving(now: now)
    }

    /// Lets workers leave at a boundary; at once where all have to, or where half of the grace time is over.
    private mutating func continueLeaving(now: UInt64) {
        let leaving = roster.holders.filter { roster[$0].isLeaving }
        guard !leaving.isEmpty else { return }
        switch phase {
        case .waitingForWorkers: reconfigure(now: now)
        case .training, .linking:
            let isLate = leaving.contains { roster[$0].isLeavingLate(now: now) } && hasStayingOwner
            if roster.allHoldersLeave || isLate { reconfigure(now: now) } else { announceBoundary(now: now) }
        default: break
        }
    }

    /// Whether an owner does not have to leave.
    private var hasStayingOwner: Bool {
        membership.owners(in: roster).contains { !roster[$0].isLeaving }
    }

    private func wantsRebalancing(now: UInt64) -> Bool {
        guard configuration.settings.rebalances, let view = membership.view else { return false }
        let owners = membership.owners(in: roster).sorted { (roster[$0].rank ?? 0) < (roster[$1].rank ?? 0) }
        return assignment.wantsRebalancing(
            of: view.members.prefix(view.ownerCount).map(\.microBatches),
            microBatchNanoseconds: owners.map { roster[$0].progress.microBatchNanoseconds },
            trainingSince: grants.startedMilliseconds, now: now)
    }

    // MARK: Records

    mutating func handleReducedSteps(_ reduced: ReducedSteps, from worker: Int) {
        guard reduced.generation == membership.view?.generation, roster[worker].rank == 0,
            let new = ledger.takeNew(reduced, grantedSteps: grantedSteps)
        else { return ignoreMessage() }
        emit(.journal(.stepDigests(firstStep: new.firstStep, digests: new.steps.map(\.digest))))
        emit(.showSteps(new))
    }

    mutating func handleValidationCounts(_ counts: ValidationCounts, from worker: Int) {
        guard counts.generation == membership.view?.generation, isOwner(worker) else { return ignoreMessage() }
        emit(.showValidation(counts, worker: roster[worker].identifier))
    }

    /// Records an epoch when all owners reported the same.
    mutating func handleEpochEnded(_ ended: EpochEnded, from worker: Int, now: UInt64) {
        // Only workers that hold a state of this run can report on it.
        guard !phase.isEnding, roster[worker].holdsState else { return ignoreMessage() }
        guard configuration.bounds.contains(ended), membership.view == nil || ended.completedSteps <= grantedSteps
        else {
            return lose(worker, .wrongReport("an end of epoch \(ended.epoch) that is impossible"), now: now)
        }
        let result = ledger.report(ended, from: roster[worker].identifier)
        switch result {
        case .ignored: return ignoreMessage()
        case .contradiction:
            return lose(worker, .wrongReport("an end of epoch \(ended.epoch) that the owners contradict"), now: now)
        case .accepted: roster.noteProgress(of: worker, now: now)
        case .differ: break
        }
        settle(result, now: now)
        releaseStates(now: now)
        finishWhenDone(now: now)
    }

    /// Records the epochs on which the owners agree; compares their states when they do not.
    mutating func settle(_ result: RunLedger.Result, now: UInt64) {
        switch result {
        case .ignored, .contradiction: break
        case .accepted(let records, let contradicting):
            record(records)
            for worker in contradicting.compactMap({ roster.index(ofIdentifier: $0) }) {
                lose(worker, .wrongReport("an end of an epoch that the owners contradict"), now: now)
            }
        case .differ(let steps, let reports):
            let groups = roster.groups { record in
                reports.first { $0.worker == record.identifier }?.digest
            }
            diverge(.statesDiffer(completedSteps: steps, groups: groups), now: now)
        }
    }

    private mutating func record(_ records: [EpochRecord]) {
        for record in records {
            emit(.recordEpoch(record))
            emit(.journal(.epoch(record.epoch, completedSteps: record.completedSteps, stateDigest: record.stateDigest)))
        }
    }

    // MARK: States

    mutating func handleStateChunk(_ chunk: StateChunk, from worker: Int, now: UInt64) {
        guard isExpected(chunk.name, from: worker) else {
            // The sender must not wait for it. But a state that it sends again in the next view is not acknowledged
            // now, because it could take that for an answer to the second transfer.
            let isSentAgain =
                chunk.name.purpose == .epochEnd && chunk.name.completedEpochs > checkpoints.savedEpochs
            if !isSentAgain { send(.stateReceived(name: chunk.name, offset: chunk.offset), to: worker) }
            return ignoreMessage()
        }
        guard configuration.bounds.contains(chunk.name), chunk.totalByteCount <= configuration.bounds.stateByteLimit,
            membership.view == nil || chunk.name.completedSteps <= grantedSteps
        else {
            let report = "a state after step \(chunk.name.completedSteps) with \(chunk.totalByteCount) bytes"
            return lose(worker, .wrongReport(report + ", which is impossible"), now: now)
        }
        let arrival = checkpoints.receive(chunk, from: roster[worker].identifier)
        if arrival == .damaged {
            return lose(
                worker, .wrongReport("a chunk of its state at offset \(chunk.offset) that is damaged"), now: now)
        }
        send(.stateReceived(name: chunk.name, offset: chunk.offset), to: worker)
        if arrival == .ignored { return }
        roster.noteProgress(of: worker, now: now)
        switch arrival {
        case .held:
            releaseStates(now: now)
            finishWhenDone(now: now)
        case .delivered(let state): handleDeliveredState(chunk.name, state, now: now)
        case .ignored, .damaged, .stored: break
        }
    }

    private func isExpected(_ name: StateName, from worker: Int) -> Bool {
        switch name.purpose {
        case .epochEnd:
            roster[worker].rank == 0 && !phase.isEnding && name.completedEpochs > checkpoints.savedEpochs
        case .stop:
            roster[worker].rank == 0 && !phase.isEnding && grants.stop?.stepLimit == name.completedSteps
        case .diverged, .rescue, .audit, .comparison:
            phase.stateSender(for: name.purpose) == roster[worker].identifier
        }
    }

    /// Queues the states on which the owners agree. A worker that sent another one is evicted, and the next one is
    /// asked.
    mutating func releaseStates(now: UInt64) {
        var agreement = Checkpointing.Agreement(
            ledger: ledger, stop: grants.stop, ownersDone: membership.owners(in: roster).map { roster[$0].done })
        if case .rescuing(let rescue) = phase { agreement.rescueDigest = rescue.stateDigest }
        let wrongStates = checkpoints.release(agreement)
        writeNextCheckpoint(now: now)
        for state in wrongStates {
            guard let sender = roster.index(ofIdentifier: state.sender) else {
                // It is lost already. The state is sent again when a view starts.
                if phase == .training { reconfigure(now: now) }
                continue
            }
            let report = "a state after step \(state.name.completedSteps) that the owners contradict"
            lose(sender, .wrongReport(report), now: now)
        }
    }

    mutating func writeNextCheckpoint(now: UInt64) {
        if let request = checkpoints.nextRequest(now: now) { emit(.writeCheckpoint(request)) }
    }

    mutating func handleCheckpoint(identifier: UInt64, failure: String?, now: UInt64) {
        guard phase != .over else { return }
        switch checkpoints.written(identifier: identifier, failure: failure, now: now) {
        case .ignored: break
        case .saved(let name):
            if name.purpose != .diverged {
                emit(.journal(.checkpoint(completedSteps: name.completedSteps)))
            }
            writeNextCheckpoint(now: now)
            if [.diverged, .rescue].contains(name.purpose) { endRescue(now: now) }
            finishWhenDone(now: now)
            finishWhenAlone(now: now)
        case .retried(let message):
            log(.warning, "a checkpoint could not be written and will be retried: \(message)")
        case .failed(let attempts, let message):
            checkpoints.abandon()
            if case .rescuing(let rescue) = phase, rescue.purpose == .diverged { endRescue(now: now) }
            fail(.checkpointFailed(attempts: attempts, message: message), now: now)
            finishWhenAlone(now: now)
        }
    }

    // MARK: The planned end

    /// A worker ended as planned. When all owners have and the last state is saved, the run is over.
    mutating func handleDone(_ done: Done, from worker: Int, now: UInt64) {
        guard done.generation == membership.generation, roster[worker].rank != nil, roster[worker].done == nil,
            !phase.isEnding, done.completedSteps <= grantedSteps
        else { return ignoreMessage() }
        roster.setDone(worker, done, now: now)
        finishWhenDone(now: now)
    }

    mutating func finishWhenDone(now: UInt64) {
        guard phase == .training, let done = agreedDone(now: now) else { return }
        releaseStates(now: now)
        guard checkpoints.isIdle, checkpoints.savedSteps >= done.completedSteps, let view = membership.view else {
            return
        }
        noteCompletedSteps(now: now)
        if done.isComplete {
            let outcome = Outcome.completed(completedSteps: done.completedSteps, stateDigest: done.stateDigest)
            end(outcome, now: now)
        } else if let stop = grants.stop {
            end(.interrupted(signal: stop.signal, completedSteps: done.completedSteps, saved: true), now: now)
        } else {
            fail(.left, about: roster.index(ofRank: view.holder), now: now)
        }
    }

    /// The end that all owners reported; nil until all have. Ends the run when they differ.
    private mutating func agreedDone(now: UInt64) -> Done? {
        var agreed: Done?
        for worker in membership.owners(in: roster) {
            guard let done = roster[worker].done else { return nil }
            if let agreed, agreed != done {
                let groups = roster.groups { $0.done?.stateDigest }
                fail(.statesDiffer(completedSteps: done.completedSteps, groups: groups), now: now)
                return nil
            }
            agreed = done
        }
        return agreed
    }
}
