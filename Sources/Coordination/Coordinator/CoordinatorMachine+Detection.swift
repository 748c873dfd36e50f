import Core

extension CoordinatorMachine {
    mutating func handleChildEnd(processIdentifier: Int32, status: ChildStatus, now: UInt64) {
        guard phase != .over else { return }
        aliveChildren.remove(processIdentifier)
        lastChildEnd = now
        guard let worker = roster.index(ofLocalProcess: processIdentifier) else {
            let isUnheard = !roster.workers.contains {
                $0.isLocal && $0.hello.processIdentifier == processIdentifier
            }
            if isUnheard, !isEnding {
                log(.warning, "the worker process \(processIdentifier) \(status) before it joined")
                endWhenNobodyComes(processIdentifier: processIdentifier, status: status, now: now)
            }
            return
        }
        if case .exited = status, !isEnding {
            suspect(worker, .childEnded(status), now: now)
        } else {
            lose(worker, .childEnded(status), now: now)
        }
    }

    /// A child that cannot start at all will not start the next time: a run without any other has no use for waiting.
    private mutating func endWhenNobodyComes(processIdentifier: Int32, status: ChildStatus, now: UInt64) {
        guard view == nil, roster.present.isEmpty, aliveChildren.isEmpty, case .exited(let code) = status,
            ProcessExitCode.isFinal(code)
        else { return }
        fail(.unknownChild(processIdentifier: processIdentifier, status: status), about: nil, now: now)
    }

    mutating func handleChildStop(processIdentifier: Int32, now: UInt64) {
        guard !isEnding, let worker = roster.index(ofLocalProcess: processIdentifier) else { return }
        lose(worker, .childStopped, now: now)
    }

    mutating func handleGoodbye(from worker: Int, now: UInt64) {
        lose(worker, .left, now: now)
    }

    mutating func handleFailure(_ failure: WorkerFailure, from worker: Int, now: UInt64) {
        guard !isEnding else { return ignoredMessageCount += 1 }
        let isOfThisView =
            roster[worker].rank != nil && failure.generation == generation && generation == view?.generation
        switch failure.kind {
        case .peerLost(let rank):
            guard isOfThisView, let peer = roster.index(ofRank: rank), peer != worker else {
                return ignoredMessageCount += 1
            }
            let cause = Verdict.Cause.reportedByPeer(name: roster[worker].label, message: failure.message)
            suspect(peer, cause, reporter: worker, now: now)
        case .auditMismatch(let mismatch):
            guard isOfThisView else { return ignoredMessageCount += 1 }
            judge(mismatch, now: now)
        case .nonFinite where isOfThisView && phase.isTraining:
            salvage(verdict(.failure(failure), about: worker, now: now), from: worker, now: now)
        // A worker that cannot go on says so to whoever regroups, too: it will not stand still.
        case .nonFinite, .data, .arithmetic, .experiment, .internal:
            if case .salvaging = phase { return ignoredMessageCount += 1 }
            // Before training what fails one worker fails the next: the user has to act.
            if view == nil && !failure.kind.isOwnTrap {
                fail(.failure(failure), about: worker, now: now)
            } else {
                lose(worker, .failure(failure), now: now)
            }
        }
    }

    /// Waits a moment for a better explanation: a peer's report or an exit code may come before the cause itself.
    private mutating func suspect(_ worker: Int, _ cause: Verdict.Cause, reporter: Int? = nil, now: UInt64) {
        if let known = suspicions.firstIndex(where: { $0.worker == worker }) {
            // What its parent saw tells more than a peer's report.
            guard reporter == nil else { return }
            suspicions[known].reporter = nil
            return suspicions[known].cause = cause
        }
        suspicions.append(
            Suspicion(
                worker: worker, reporter: reporter, cause: cause, generation: generation, since: now,
                deadline: now + configuration.timing.confirmationMilliseconds))
    }

    /// The moment is over. A worker that a peer lost, but that is still heard of, has only lost a link.
    mutating func confirmSuspicions(now: UInt64) {
        while let index = suspicions.firstIndex(where: { now >= $0.deadline }) {
            let suspicion = suspicions.remove(at: index)
            guard !roster[suspicion.worker].isGone else { continue }
            // Both ends of a link report its end; what the second one says is about links that are made anew by now.
            guard suspicion.reporter == nil || suspicion.generation == generation else { continue }
            guard let reporter = suspicion.reporter, !roster[reporter].isGone else {
                // Who reported it is gone itself: that explains the broken link.
                if suspicion.reporter == nil { lose(suspicion.worker, suspicion.cause, now: now) }
                continue
            }
            let lastHeard = roster[suspicion.worker].lastHeard
            let heartbeat = configuration.timing.heartbeatIntervalMilliseconds
            if lastHeard > suspicion.since {
                handleBrokenLink(between: reporter, and: suspicion.worker, suspicion.cause, now: now)
            } else if now < lastHeard + 2 * heartbeat + configuration.timing.confirmationMilliseconds {
                var later = suspicion
                later.deadline = now + 25
                suspicions.append(later)
            } else {
                lose(suspicion.worker, suspicion.cause, now: now)
            }
            if isEnding { return }
        }
    }

    /// Ends a worker that the supervisor of this host started. Any other worker's process identifier is hearsay, and may be
    /// a stranger's.
    mutating func terminate(_ worker: Int) {
        let processIdentifier = roster[worker].hello.processIdentifier
        guard roster[worker].isLocal, aliveChildren.contains(processIdentifier) else { return }
        actions.append(.terminate(processIdentifier: processIdentifier))
    }

    /// A worker is gone, or as good as gone: the others go on without it. Who is frozen is ended; who may have been cut off
    /// only may come back as a learner.
    mutating func lose(_ worker: Int, _ cause: Verdict.Cause, now: UInt64) {
        guard !roster[worker].isGone else { return }
        let verdict = verdict(cause, about: worker, now: now)
        suspicions.removeAll { $0.worker == worker }
        if cause.isOwnFault {
            send(.abort(exitCode: verdict.exitCode, reason: verdict.description), to: worker)
        }
        if cause.isFrozen { terminate(worker) }
        roster[worker].isGone = true
        switch phase {
        case .ending: return finishWhenAlone(now: now)
        case .over: return
        case .salvaging(let first, let salvager, _):
            log(.warning, verdict.report)
            if salvager == roster[worker].identifier { end(.failed(first), now: now) }
            return
        default: break
        }
        log(.warning, verdict.report)
        lastLoss = verdict
        if isOwner(worker), isPoisoned(cause, now: now) { return }
        goOnWithout(worker, verdict, now: now)
    }

    private mutating func goOnWithout(_ worker: Int, _ verdict: Verdict, now: UInt64) {
        let heldState = roster[worker].rank != nil || roster[worker].isAttached
        switch phase {
        case .gathering: gatherOn(now: now)
        case .preparing(let since):
            if roster.present.count < awaitedWorkerCount(now: now) { phase = .gathering(since: since) }
        case .regrouping, .short, .linking, .training, .judging:
            guard heldState else { return }
            beginRecovery(cause: verdict.report, now: now)
            regroup(now: now)
        case .comparing: endComparison(tensors: [], now: now)
        case .salvaging, .ending, .over: break
        }
    }

    /// The same step failed several times by the workers' own doing: it would fail again.
    private mutating func isPoisoned(_ cause: Verdict.Cause, now: UInt64) -> Bool {
        guard cause.isOwnTrap, let view else { return false }
        let steps = max(ownersCompletedSteps, view.position.completedSteps)
        guard faultCounts.add(afterStep: steps) else { return false }
        fail(.repeatedFailure(step: steps, count: FaultCounts.limit, last: "\(cause)"), about: nil, now: now)
        return true
    }
}

extension Verdict.Cause {
    /// The process is there and does not answer.
    fileprivate var isFrozen: Bool {
        switch self {
        case .childStopped, .silent, .stuck: true
        default: false
        }
    }

    /// The worker itself is at fault, and has to leave.
    fileprivate var isOwnFault: Bool {
        switch self {
        case .stuck, .failure, .statesDiffer, .auditFailed: true
        default: false
        }
    }

    /// It ended by a trap or an error of its own, not by somebody's signal or a broken link.
    fileprivate var isOwnTrap: Bool {
        switch self {
        case .childEnded(.exited(let code)):
            code != ProcessExitCode.requeue && code != ProcessExitCode.success && code < 128
        case .childEnded(.signalled(_, let name)):
            ["SIGILL", "SIGTRAP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGABRT"].contains(name)
        case .failure(let failure): failure.kind.isOwnTrap
        default: false
        }
    }
}

extension WorkerFailure.Kind {
    fileprivate var isOwnTrap: Bool { self == .internal || self == .arithmetic }
}
