import Core

/// What ends a view or the run: lost workers, broken links, disputes, rescue checkpoints, and the end itself.
extension CoordinatorMachine {
    // MARK: Reports

    mutating func handleChildEnd(processIdentifier: Int32, status: ChildStatus, now: UInt64) {
        guard phase != .over else { return }
        admission.childEnded(processIdentifier: processIdentifier, now: now)
        guard let worker = roster.index(ofLocalProcess: processIdentifier) else {
            if !phase.isEnding, !roster.hasKnown(localProcess: processIdentifier) {
                let end = RunFailure.Cause.unknownChild(processIdentifier: processIdentifier, status: status)
                    .description
                log(.warning, end)
                history.noteUnjoinedChild(end)
                failWhenNoWorkerCanStart(processIdentifier: processIdentifier, status: status, now: now)
            }
            return
        }
        if case .exited = status, !phase.isEnding {
            detector.suspect(worker, .childEnded(status), generation: membership.generation, now: now)
        } else {
            lose(worker, .childEnded(status), now: now)
        }
    }

    /// Fails the run when the last child ended with a code with which every child would end, and no worker is here.
    private mutating func failWhenNoWorkerCanStart(processIdentifier: Int32, status: ChildStatus, now: UInt64) {
        guard membership.view == nil, roster.present.isEmpty, !admission.hasRunningChildren,
            case .exited(let code) = status, ProcessExitCode.isFinal(code)
        else { return }
        fail(.unknownChild(processIdentifier: processIdentifier, status: status), now: now)
    }

    mutating func handleChildStop(processIdentifier: Int32, now: UInt64) {
        guard !phase.isEnding, let worker = roster.index(ofLocalProcess: processIdentifier) else { return }
        lose(worker, .childStopped, now: now)
    }

    mutating func handleFailure(_ failure: WorkerFailure, from worker: Int, now: UInt64) {
        guard !phase.isEnding else { return ignoreMessage() }
        let generation = membership.generation
        let isOfThisView =
            roster[worker].rank != nil && failure.generation == generation && generation == membership.view?.generation
        switch failure.kind {
        case .peerLost(let rank):
            guard isOfThisView, let peer = roster.index(ofRank: rank), peer != worker else { return ignoreMessage() }
            let cause = RunFailure.Cause.reportedByPeer(name: roster[worker].label, message: failure.message)
            detector.suspect(peer, cause, reporter: worker, generation: generation, now: now)
        case .auditMismatch(let mismatch):
            guard isOfThisView else { return ignoreMessage() }
            guard !configuration.settings.audit.isNone, isOwner(worker) else {
                return lose(worker, .wrongReport("the finding of an audit that it took no part in"), now: now)
            }
            audit(mismatch, reportedBy: worker, now: now)
        case .nonFinite where isOfThisView && phase == .training && isOwner(worker):
            rescueDiverged(self.failure(.failure(failure), about: worker, now: now), from: worker, now: now)
        // The gradients of a learner enter no step. Failures count during a reconfiguration too: a worker that failed
        // cannot quiesce.
        case .nonFinite, .data, .arithmetic, .experiment, .internal:
            if case .rescuing = phase { return ignoreMessage() }
            // Before training, what fails one worker would fail the others: the user has to act.
            if membership.view == nil && failure.failsEveryWorker {
                fail(.failure(failure), about: worker, now: now)
            } else {
                lose(worker, .failure(failure), now: now)
            }
        }
    }

    mutating func confirmSuspicions(now: UInt64) {
        while !phase.isEnding,
            let finding = detector.nextFinding(in: roster, generation: membership.generation, now: now)
        {
            switch finding {
            case .lost(let worker, let cause): lose(worker, cause, now: now)
            case .linkBroke(let reporter, let worker, let cause):
                handleBrokenLink(between: reporter, and: worker, cause, now: now)
            }
        }
    }

    mutating func loseSilentWorkers(now: UInt64) {
        for (worker, deadline) in detector.silentWorkers(in: roster, now: now) where !phase.isEnding {
            lose(worker, .silent(deadlineMilliseconds: deadline), now: now)
        }
    }

    /// A link broke between two live workers. That costs a generation; the second time, one of the two is suspended.
    private mutating func handleBrokenLink(
        between reporter: Int, and worker: Int, _ cause: RunFailure.Cause, now: UInt64
    ) {
        guard roster[worker].rank != nil, roster[reporter].rank != nil, phase.usesLinks else { return }
        progressDeadline.noteFailure(
            of: "the link from worker '\(roster[reporter].hello.name)' to worker '\(roster[worker].hello.name)' "
                + "(\(roster[worker].hello.inboxAddress)) broke", "\(cause)")
        let suspension = detector.linkBroke(between: reporter, and: worker, in: roster, now: now)
        var text = "the link between \(roster[reporter].label) and \(roster[worker].label) broke (\(cause))"
        if let suspension {
            roster.suspend(suspension.worker, until: now + suspension.milliseconds)
            text += " again: \(roster[suspension.worker].label) is suspended for \(suspension.milliseconds / 1000) s"
        }
        log(.warning, text)
        beginInterruption(cause: text, now: now)
        reconfigure(now: now)
    }

    // MARK: Losing a worker

    /// A worker is lost: the others continue without it. A frozen child is killed. A worker that may only have been cut
    /// off may join again, as a learner.
    mutating func lose(_ worker: Int, _ cause: RunFailure.Cause, now: UInt64) {
        guard !roster[worker].isGone else { return }
        let loss = failure(cause, about: worker, now: now)
        detector.forgetSuspicions(of: worker)
        if cause.isOwnFault {
            send(.abort(exitCode: loss.exitCode, reason: loss.description), to: worker)
        }
        if cause.isFrozen { terminate(worker) }
        roster.remove(worker)
        switch phase {
        case .ending: return finishWhenAlone(now: now)
        case .over: return
        case .rescuing(let rescue):
            log(.warning, loss.report)
            if rescue.stateSender == roster[worker].identifier { continueRescue(rescue, now: now) }
            return
        default: break
        }
        // The connection of such a spare may break again and again.
        let level = roster[worker].isLastSpare && !isOwner(worker) ? LogEntry.Level.detail : .warning
        let addition = evictsHost(of: worker, lostBy: cause) ? "; its links are slow: it stays a spare" : ""
        log(level, loss.report + addition)
        history.noteLoss(loss)
        progressDeadline.noteFailure(
            of: "worker '\(roster[worker].hello.name)' on '\(roster[worker].hello.host)' was lost", "\(cause)")
        if isOwner(worker), failsRepeatedly(cause, now: now) { return }
        continueWithout(worker, loss, now: now)
    }

    /// Whether the host of a lost worker is evicted, because its slow links are the reason.
    private mutating func evictsHost(of worker: Int, lostBy cause: RunFailure.Cause) -> Bool {
        let host = roster[worker].hello.hostIdentifier
        guard configuration.settings.slowLinks == .evict, cause.isOfConnection, !roster[worker].isLocal,
            slowLinks.reported.contains(host), slowHosts.evict(host)
        else { return false }
        roster.makeLastSpare(worker)
        return true
    }

    private mutating func continueWithout(_ worker: Int, _ loss: RunFailure, now: UInt64) {
        switch phase {
        case .gathering: continueGathering(now: now)
        case .preparing(let since):
            if roster.present.count < admission.awaitedWorkerCount(in: roster, now: now) {
                transition(to: .gathering(since: since), now: now)
            }
        case .reconfiguring, .waitingForWorkers, .linking, .training, .auditing:
            guard roster[worker].holdsState else { return }
            beginInterruption(cause: loss.report, now: now)
            reconfigure(now: now)
        case .comparing(let comparison):
            // The digests are evidence, too, when a state cannot be received any more.
            if comparison.nextSender == roster[worker].identifier { endComparison(tensors: [], now: now) }
        case .rescuing, .ending, .over: break
        }
    }

    /// Whether the same step failed so often by the workers' own errors that it would fail again; then the run has
    /// failed.
    private mutating func failsRepeatedly(_ cause: RunFailure.Cause, now: UInt64) -> Bool {
        guard cause.isOwnTrap, let view = membership.view else { return false }
        let steps = max(membership.completedSteps(in: roster), view.position.completedSteps)
        guard history.noteStepFailure(completedSteps: steps) else { return false }
        fail(.repeatedFailure(step: steps, count: FailureHistory.stepFailureLimit, last: "\(cause)"), now: now)
        return true
    }

    private mutating func beginInterruption(cause: String, now: UInt64) {
        history.beginInterruption(
            cause: cause, redoneMicroBatches: phase == .training ? configuration.microBatchCount : 0, now: now)
    }

    // MARK: Audits

    /// Asks the two workers of a dispute for the state before the step.
    private mutating func audit(_ mismatch: AuditMismatch, reportedBy worker: Int, now: UInt64) {
        guard let rank = roster[worker].rank else { return ignoreMessage() }
        if case .auditing(var audit) = phase {
            audit.note(mismatch, reportedBy: rank)
            return transition(to: .auditing(audit), now: now)
        }
        guard phase == .training, let owner = roster.index(ofRank: mismatch.owner), isOwner(owner),
            let auditor = roster.index(ofRank: mismatch.auditor), isOwner(auditor)
        else { return ignoreMessage() }
        let step = mismatch.completedSteps + 1
        guard owner != auditor else {
            guard owner == worker else { return ignoreMessage() }
            let finding = "computed two different gradients"
            log(.warning, "\(roster[owner].label) \(finding) at step \(step): the step is repeated")
            return repeatStep(of: mismatch, last: finding, now: now)
        }
        log(
            .warning,
            "\(roster[auditor].label) and \(roster[owner].label) computed different gradients for the same "
                + "micro-batches at step \(step): the step is re-executed")
        beginInterruption(cause: "an audit found a difference", now: now)
        let deadline = now + configuration.timing.stateDeliveryMilliseconds
        let senders = [roster[auditor].identifier, roster[owner].identifier]
        let audit = Audit(mismatch, reportedBy: rank, senders: senders, deadline: deadline)
        transition(to: .auditing(audit), now: now)
        send(.sendState(.audit), to: auditor)
    }

    private mutating func continueAudit(_ audit: Audit, with name: StateName, _ state: [UInt8], now: UInt64) {
        guard let view = membership.view else { return }
        var audit = audit
        let delivery = audit.receive(name, state, view: view)
        transition(to: .auditing(audit), now: now)
        switch delivery {
        case .incomplete:
            guard let sender = audit.stateSender, let worker = roster.index(ofIdentifier: sender) else { return }
            send(.sendState(.audit), to: worker)
        case .complete(let question): emit(.reexecuteGradient(question))
        case .differ(let left, let right):
            let groups = zip([audit.mismatch.auditor, audit.mismatch.owner], [left, right]).map { rank, state in
                RunFailure.StateGroup(
                    digest: SHA256Digest(of: state),
                    workers: roster.index(ofRank: rank).map { [roster[$0].label] } ?? [])
            }
            fail(.statesDiffer(completedSteps: audit.mismatch.completedSteps, groups: groups), now: now)
        }
    }

    /// The state or the re-executed gradient did not arrive in time.
    mutating func abandonAudit(_ audit: Audit, now: UInt64) {
        let step = audit.mismatch.completedSteps + 1
        log(.warning, "the audit of step \(step) was not decided in time: the step is repeated")
        repeatStep(of: audit.mismatch, last: "computed another gradient than a second one", now: now)
    }

    private mutating func repeatStep(of mismatch: AuditMismatch, last: String, now: UInt64) {
        if history.noteStepFailure(completedSteps: mismatch.completedSteps) {
            let cause = RunFailure.Cause.repeatedFailure(
                step: mismatch.completedSteps, count: FailureHistory.stepFailureLimit, last: last)
            return fail(cause, now: now)
        }
        beginInterruption(cause: "an audit found a difference", now: now)
        reconfigure(now: now)
    }

    /// The re-executed gradient is known; nil when it could not be computed. The others repeat the step.
    mutating func endAudit(reexecuted digest: UInt64?, now: UInt64) {
        guard case .auditing(let audit) = phase, let owner = roster.index(ofRank: audit.mismatch.owner),
            let auditor = roster.index(ofRank: audit.mismatch.auditor)
        else { return }
        let step = audit.mismatch.completedSteps + 1
        switch audit.finding(reexecuted: digest) {
        case .wrong(let rank, _) where rank == audit.mismatch.auditor:
            lose(auditor, .auditFailed(step: step, other: roster[owner].label), now: now)
        case .wrong: lose(owner, .auditFailed(step: step, other: roster[auditor].label), now: now)
        case .unconfirmed:
            log(.warning, "the audit of step \(step) is not confirmed by both workers: the step is repeated")
            repeatStep(
                of: audit.mismatch, last: "reported a difference that the re-execution does not confirm", now: now)
        case .undecided:
            let labels = [roster[owner].label, roster[auditor].label]
            fail(.auditUndecided(step: step, workers: labels), now: now)
        }
    }

    // MARK: Comparisons

    /// Workers reported different digests: all quiesce, so that their states can be compared.
    mutating func diverge(_ cause: RunFailure.Cause, now: UInt64) {
        switch phase {
        case .reconfiguring(let reconfiguration) where reconfiguration.divergence != nil: return
        case .comparing: return
        default: reconfigure(divergence: failure(cause, now: now), now: now)
        }
    }

    /// Ends the run with `failure`, once two states that differ have been compared.
    mutating func compareStates(_ failure: RunFailure, now: UInt64) {
        log(.failure, "workers hold different states, which are compared now")
        let comparison = StateComparison(
            failure, of: membership.comparableWorkers(in: roster), in: roster,
            deadline: now + configuration.timing.stateDeliveryMilliseconds)
        transition(to: .comparing(comparison), now: now)
        requestComparedState(comparison, now: now)
    }

    private mutating func requestComparedState(_ comparison: StateComparison, now: UInt64) {
        guard let sender = comparison.nextSender, let worker = roster.index(ofIdentifier: sender) else {
            return endComparison(tensors: [], now: now)
        }
        send(.sendState(.comparison), to: worker)
    }

    mutating func endComparison(tensors: [String], now: UInt64) {
        guard case .comparing(let comparison) = phase else { return }
        let failure = comparison.failure(tensors: tensors)
        log(.failure, failure.description)
        end(.failed(failure), now: now)
    }

    /// A state that a dispute needs has arrived.
    mutating func handleDeliveredState(_ name: StateName, _ state: [UInt8], now: UInt64) {
        switch phase {
        case .auditing(let audit): continueAudit(audit, with: name, state, now: now)
        case .comparing(var comparison):
            let pair = comparison.receive(state)
            transition(to: .comparing(comparison), now: now)
            if let pair {
                emit(.compareStates(pair.left, pair.right))
            } else {
                requestComparedState(comparison, now: now)
            }
        default: break
        }
    }

    // MARK: Rescue checkpoints

    /// A worker met a value that is not finite. It still has the state before that step, and sends it.
    private mutating func rescueDiverged(_ failure: RunFailure, from worker: Int, now: UInt64) {
        log(.failure, failure.description)
        let steps = roster[worker].progress.completedSteps
        requestRescue(
            Rescue(failure: failure, purpose: .diverged, completedSteps: steps), from: worker, now: now)
    }

    /// Fails the run, once the furthest state that is left is saved.
    mutating func rescue(_ cause: RunFailure.Cause, now: UInt64) {
        guard let (state, holder) = unsavedState else { return fail(cause, now: now) }
        let failure = failure(cause, now: now)
        log(.failure, "\(failure): the state after step \(state.position.completedSteps) is saved first")
        save(state, of: holder, failure: failure, now: now)
    }

    /// Ends an interrupted run, or one whose workers all have to leave, once the furthest state at rest is saved.
    mutating func saveFurthestState(now: UInt64) {
        guard let state = membership.furthestState(in: roster), let holder = roster.holder(of: state.stateDigest)
        else { return }
        let failure =
            earlyEnd.isRequested ? nil : earlyEnd.failure ?? failure(.left, about: holder, now: now)
        if let (state, holder) = unsavedState {
            log(.notice, "the state after step \(state.position.completedSteps) is saved")
            save(state, of: holder, failure: failure, now: now)
        } else if let failure {
            end(.failed(failure), now: now)
        } else {
            endInterrupted(now: now)
        }
    }

    /// The furthest state at rest, where it is in no checkpoint, and a worker that holds it.
    private var unsavedState: (state: Ready, holder: Int)? {
        guard let state = membership.furthestState(in: roster),
            state.position.completedSteps > checkpoints.savedSteps,
            let holder = roster.holder(of: state.stateDigest)
        else { return nil }
        return (state, holder)
    }

    private mutating func save(_ state: Ready, of worker: Int, failure: RunFailure?, now: UInt64) {
        let rescue = Rescue(
            failure: failure, purpose: .rescue, completedSteps: state.position.completedSteps,
            stateDigest: state.stateDigest)
        requestRescue(rescue, from: worker, now: now)
        // A state is saved with the rows of its epochs: the workers that hold it have reported them.
        let holders = membership.comparableWorkers(in: roster).filter {
            roster[$0].ready?.hasSameState(as: state) ?? false
        }
        settle(ledger.startView(owners: holders.map { roster[$0].identifier }), now: now)
    }

    private mutating func requestRescue(_ rescue: Rescue, from worker: Int, now: UInt64) {
        var rescue = rescue
        rescue.stateSender = roster[worker].identifier
        rescue.deadline = now + configuration.timing.stateDeliveryMilliseconds
        transition(to: .rescuing(rescue), now: now)
        send(.sendState(rescue.purpose), to: worker)
    }

    /// The worker that sends the state is lost: another one at the furthest step takes its place.
    private mutating func continueRescue(_ rescue: Rescue, now: UInt64) {
        guard rescue.purpose == .rescue, let (state, holder) = unsavedState else { return endRescue(now: now) }
        checkpoints.forgetUnfinished()
        save(state, of: holder, failure: rescue.failure, now: now)
    }

    /// The state is saved, or does not arrive.
    mutating func endRescue(now: UInt64) {
        guard case .rescuing(let rescue) = phase else { return }
        let isSaved = checkpoints.savedSteps >= rescue.completedSteps
        if rescue.purpose == .rescue,
            let outcome = earlyEnd.outcome(savedSteps: checkpoints.savedSteps, isSaved: isSaved)
        {
            end(outcome, now: now)
        } else if let failure = rescue.failure {
            end(.failed(failure), now: now)
        }
    }

    /// Ends an interrupted run in which no worker holds a state that is not saved.
    mutating func endInterrupted(now: UInt64) {
        let steps = checkpoints.savedSteps
        if let outcome = earlyEnd.outcome(savedSteps: steps, isSaved: steps > 0) { end(outcome, now: now) }
    }

    // MARK: The end

    /// Ends the run with a failure.
    mutating func fail(_ cause: RunFailure.Cause, about worker: Int? = nil, now: UInt64) {
        guard !phase.isEnding else { return }
        let failure = failure(cause, about: worker, now: now)
        log(.failure, failure.description)
        end(.failed(failure), now: now)
    }

    func failure(_ cause: RunFailure.Cause, about worker: Int? = nil, now: UInt64) -> RunFailure {
        let subject = worker.map { index in
            let record = roster[index]
            return RunFailure.Subject(
                rank: record.rank, name: record.hello.name, host: record.hello.host,
                processIdentifier: record.hello.processIdentifier, phase: record.progress.phase,
                completedSteps: record.progress.completedSteps,
                silenceMilliseconds: now - min(now, record.lastReceived))
        }
        return RunFailure(cause: cause, subject: subject, generation: membership.generation)
    }

    /// Asks all workers to leave, and gives them time to exit. Where the run's files cannot be written, the workers
    /// save their states first.
    mutating func end(_ outcome: Outcome, now: UInt64) {
        let time =
            outcome.exitCode == ProcessExitCode.inputOutput
            ? configuration.timing.stateDeliveryMilliseconds : configuration.timing.farewellMilliseconds
        transition(to: .ending(Ending(outcome: outcome, deadline: now + time)), now: now)
        for worker in roster.present {
            roster.noteHeartbeat(to: worker, now: now)
            send(farewell(outcome), to: worker)
        }
        finishWhenAlone(now: now)
    }

    func farewell(_ outcome: Outcome) -> CoordinatorMessage {
        switch outcome {
        case .completed: .end(reason: outcome.description)
        // A launcher that sees a rank end with 0 takes its part of the job for done, and does not start it again.
        case .interrupted: .abort(exitCode: ProcessExitCode.requeue, reason: outcome.description)
        case .failed(let failure): .abort(exitCode: failure.exitCode, reason: failure.description)
        }
    }

    mutating func finishWhenAlone(now: UInt64) {
        if case .ending = phase, roster.present.isEmpty, checkpoints.hasWrittenAll { finish(now: now) }
    }

    /// Kills the children that still run, and ends the run.
    mutating func finish(now: UInt64) {
        guard case .ending(let ending) = phase else { return }
        for worker in roster.present { terminate(worker) }
        transition(to: .over, now: now)
        emit(.journal(.ended(ending.outcome)))
        emit(.finish(ending.outcome))
    }

    /// Kills a worker that the supervisor of this host started; never another process.
    private mutating func terminate(_ worker: Int) {
        guard admission.isRunningChild(roster[worker]) else { return }
        emit(.terminate(processIdentifier: roster[worker].hello.processIdentifier))
    }
}
