extension CoordinatorMachine {
    mutating func handleTick(now: UInt64) {
        guard phase != .over else { return }
        let gap = now - min(now, lastTick)
        lastTick = now
        if gap > configuration.timing.lateTickMilliseconds {
            restartDeadlines(after: gap, now: now)
        } else {
            keepDeadlines(now: now)
        }
        guard phase != .over else { return }
        sendHeartbeats(now: now)
        writeNext(now: now)
    }

    /// The coordinator was late itself, so it accuses nobody: messages may wait unread.
    private mutating func restartDeadlines(after gap: UInt64, now: UInt64) {
        roster.restartDeadlines(now: now)
        for index in suspicions.indices {
            suspicions[index].deadline = now + configuration.timing.confirmationMilliseconds
        }
        log(.detail, "the coordinator was late by \(gap) ms: all deadlines start again")
    }

    private mutating func keepDeadlines(now: UInt64) {
        if let suspicion = suspicions.first, now >= suspicion.deadline {
            lose(suspicion.worker, suspicion.cause, now: now)
        }
        switch phase {
        case .gathering(let since): keepGathering(since: since, now: now)
        case .preparing(let since), .linking(let since): keepPreparing(since: since, now: now)
        case .training, .stopping: findStuckWorker(now: now)
        case .salvaging(let verdict, _, let deadline):
            if now >= deadline {
                end(.failed(verdict), now: now)
            }
        case .ending(_, let deadline):
            if now >= deadline {
                finish(now: now)
            }
        case .over: break
        }
        if !isEnding {
            findSilentWorkers(now: now)
        }
    }

    private mutating func keepGathering(since: UInt64, now: UInt64) {
        let present = roster.present.count
        let names = roster.present.map { roster[$0].hello.name }
        let missing = configuration.expectedNames.filter { !names.contains($0) }
        if now >= since + configuration.timing.gatheringDeadlineMilliseconds {
            let cause = Verdict.Cause.gatheringTimedOut(
                present: present, expected: configuration.workerCount, missing: missing)
            return fail(cause, about: nil, now: now)
        }
        waitingMessage(
            "waiting for \(configuration.workerCount - min(present, configuration.workerCount)) of "
                + "\(configuration.workerCount) workers", missing: missing, now: now)
    }

    private mutating func keepPreparing(since: UInt64, now: UInt64) {
        let late = roster.present.filter { worker in
            if case .linking = phase {
                return roster[worker].rank != nil && roster[worker].linkedGeneration != generation
            }
            return roster[worker].prepared == nil
        }
        let missing = late.map { "\(roster[$0].label), \(roster[$0].progress.phase)" }
        if now >= since + configuration.timing.preparationDeadlineMilliseconds {
            return fail(.preparationTimedOut(missing: missing), about: nil, now: now)
        }
        waitingMessage("waiting for workers to get ready", missing: missing, now: now)
    }

    private mutating func waitingMessage(_ text: String, missing: [String], now: UInt64) {
        guard now >= lastWaitingMessage + configuration.timing.waitingMessageIntervalMilliseconds else { return }
        lastWaitingMessage = now
        log(.notice, text + (missing.isEmpty ? "" : ": " + missing.joined(separator: "; ")))
    }

    /// The worker that is furthest behind among those that got nothing done in time; rank 0 when its state is awaited.
    private mutating func findStuckWorker(now: UInt64) {
        let deadline = configuration.timing.stepDeadlineMilliseconds
        let working = roster.members.filter { roster[$0].done == nil }
        let awaited = working.isEmpty && checkpoints.isEmpty ? roster.members.filter { roster[$0].rank == 0 } : working
        let stuck = awaited.filter { now >= roster[$0].lastWorked + deadline }.min { left, right in
            let (left, right) = (roster[left], roster[right])
            return (left.progress.completedSteps, left.lastWorked) < (right.progress.completedSteps, right.lastWorked)
        }
        if let stuck {
            lose(stuck, .stuck(milliseconds: now - roster[stuck].lastWorked), now: now)
        }
    }

    private mutating func findSilentWorkers(now: UInt64) {
        let timing = configuration.timing
        for worker in roster.present.sorted(by: { roster[$0].lastHeard < roster[$1].lastHeard }) {
            let deadline = roster[worker].isLocal ? timing.localSilenceMilliseconds : timing.remoteSilenceMilliseconds
            if !isEnding, now >= roster[worker].lastHeard + deadline {
                lose(worker, .silent(deadlineMilliseconds: deadline), now: now)
            }
        }
    }

    private mutating func sendHeartbeats(now: UInt64) {
        let timing = configuration.timing
        for worker in roster.present {
            let interval =
                roster[worker].isLocal
                ? timing.localHeartbeatIntervalMilliseconds : timing.remoteHeartbeatIntervalMilliseconds
            guard now >= roster[worker].lastHeartbeat + interval else { continue }
            roster[worker].lastHeartbeat = now
            send(heartbeat(for: worker), to: worker)
        }
    }

    /// The present order, so that a worker that missed it gets it again.
    private func heartbeat(for worker: Int) -> CoordinatorMessage {
        let isMember = roster[worker].rank != nil
        switch phase {
        case .training where isMember: return .grant(generation: generation, stepLimit: grants.stepLimit)
        case .stopping(let stepLimit, _) where isMember: return .stop(generation: generation, stepLimit: stepLimit)
        case .ending(let outcome, _): return farewell(outcome)
        default: return .heartbeat
        }
    }
}
