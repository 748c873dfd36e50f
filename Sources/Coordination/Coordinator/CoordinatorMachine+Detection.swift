extension CoordinatorMachine {
    mutating func handleChildEnd(processIdentifier: Int32, status: ChildStatus, now: UInt64) {
        guard phase != .over else { return }
        guard let worker = roster.index(ofLocalProcess: processIdentifier) else {
            let isUnheard = !roster.workers.contains {
                $0.isLocal && $0.hello.processIdentifier == processIdentifier
            }
            if isUnheard, configuration.childProcessIdentifiers.contains(processIdentifier), view == nil {
                fail(.unknownChild(processIdentifier: processIdentifier, status: status), about: nil, now: now)
            }
            return
        }
        if case .exited = status, !isEnding {
            suspect(worker, .childEnded(status), now: now)
        } else {
            lose(worker, .childEnded(status), now: now)
        }
    }

    mutating func handleChildStop(processIdentifier: Int32, now: UInt64) {
        guard !isEnding, let worker = roster.index(ofLocalProcess: processIdentifier) else { return }
        lose(worker, .childStopped, now: now)
    }

    mutating func handleLostConnection(_ connection: ConnectionIdentifier, now: UInt64) {
        guard phase != .over, let worker = roster.index(of: connection) else { return }
        if isEnding {
            lose(worker, .connectionClosed, now: now)
        } else {
            suspect(worker, .connectionClosed, now: now)
        }
    }

    mutating func handleGoodbye(from worker: Int, now: UInt64) {
        lose(worker, .left, now: now)
    }

    mutating func handleFailure(_ failure: WorkerFailure, from worker: Int, now: UInt64) {
        guard failure.generation == generation || failure.generation == 0, !isEnding else {
            return ignoredMessageCount += 1
        }
        switch failure.kind {
        case .peerLost(let rank):
            guard let peer = roster.index(ofRank: rank), peer != worker, roster[worker].rank != nil else {
                return ignoredMessageCount += 1
            }
            suspect(peer, .reportedByPeer(name: roster[worker].label, message: failure.message), now: now)
        case .nonFinite where roster[worker].rank != nil && phase.isTrainingOrStopping:
            salvage(verdict(.failure(failure), about: worker, now: now), from: worker, now: now)
        case .nonFinite, .data, .arithmetic, .experiment, .internal:
            if case .salvaging = phase { return ignoredMessageCount += 1 }
            if view == nil || roster[worker].rank != nil {
                fail(.failure(failure), about: worker, now: now)
            } else {
                lose(worker, .failure(failure), now: now)
            }
        }
    }

    /// Waits a moment for a better explanation: a peer's report or an exit code may come before the cause itself.
    private mutating func suspect(_ worker: Int, _ cause: Verdict.Cause, now: UInt64) {
        guard !suspicions.contains(where: { $0.worker == worker }) else { return }
        suspicions.append(
            Suspicion(worker: worker, cause: cause, deadline: now + configuration.timing.confirmationMilliseconds))
    }

    /// A worker is gone, or as good as gone. A member or a child that is needed ends the run; a spare or a candidate is
    /// only missed. Who is frozen or cut off is told to leave, in case it hears that, and not waited for.
    mutating func lose(_ worker: Int, _ cause: Verdict.Cause, now: UInt64) {
        guard !roster[worker].isGone else { return }
        let verdict = verdict(cause, about: worker, now: now)
        suspicions.removeAll { $0.worker == worker }
        if cause.mayStillRun {
            send(.abort(exitCode: verdict.exitCode, reason: verdict.description), to: worker)
            if cause.isFrozen, roster[worker].isLocal {
                actions.append(.terminate(processIdentifier: roster[worker].hello.processIdentifier))
            }
        }
        roster[worker].isGone = true
        if isEnding {
            return finishWhenAlone(now: now)
        }
        let isChild =
            roster[worker].isLocal
            && configuration.childProcessIdentifiers.contains(roster[worker].hello.processIdentifier)
        guard roster[worker].rank != nil || (view == nil && isChild) else {
            log(.warning, verdict.description)
            return gatherAgain()
        }
        if case .salvaging(let first, _, _) = phase {
            return end(.failed(first), now: now)
        }
        log(.failure, verdict.description)
        end(.failed(verdict), now: now)
    }

    private mutating func gatherAgain() {
        if case .preparing(let since) = phase, roster.present.count < configuration.workerCount {
            phase = .gathering(since: since)
        }
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

    /// The process may still hear that it is put out.
    fileprivate var mayStillRun: Bool {
        switch self {
        case .childEnded, .left, .unknownChild: false
        default: true
        }
    }
}
