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
        namesakes = [:]
        for index in suspicions.indices {
            suspicions[index].deadline = now + configuration.timing.confirmationMilliseconds
        }
        log(.detail, "the coordinator was late by \(gap) ms: all deadlines start again")
    }

    private mutating func keepDeadlines(now: UInt64) {
        confirmSuspicions(now: now)
        switch phase {
        case .gathering(let since): keepGathering(since: since, now: now)
        case .preparing(let since), .linking(let since): keepPreparing(since: since, now: now)
        case .regrouping(let since): keepRegrouping(since: since, now: now)
        case .short(let since): keepShort(since: since, now: now)
        case .training:
            findStuckWorker(now: now)
            announceBoundary(now: now)
            reachBoundary(now: now)
        case .salvaging(let verdict, _, let deadline):
            if now >= deadline {
                end(.failed(verdict), now: now)
            }
        case .comparing(_, let deadline):
            if now >= deadline { endComparison(tensors: [], now: now) }
        case .judging(let mismatch, _, let deadline):
            if now >= deadline { leaveUnjudged(mismatch, now: now) }
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
        gatherOn(now: now)
        guard case .gathering = phase else { return }
        let present = roster.present.count
        if now >= since + configuration.timing.gatheringDeadlineMilliseconds {
            return fail(.gatheringTimedOut(present: present, expected: configuration.workerCount), about: nil, now: now)
        }
        waitingMessage(
            "waiting for \(configuration.workerCount - min(present, configuration.workerCount)) of "
                + "\(configuration.workerCount) workers", now: now)
    }

    /// Workers that do not end what they compute in time are stuck.
    private mutating func keepRegrouping(since: UInt64, now: UInt64) {
        let late = roster.holders.filter { roster[$0].standing?.generation != generation }
        waitingMessage(
            "waiting for workers to end what they compute", missing: late.map { roster[$0].label }, now: now)
        guard now >= since + configuration.timing.stepDeadlineMilliseconds, let worker = late.first else { return }
        lose(worker, .stuck(milliseconds: now - since), now: now)
    }

    /// Too few workers are left: waits for others.
    private mutating func keepShort(since: UInt64, now: UInt64) {
        let needed = configuration.minimumWorkerCount
        let present = roster.holders.count
        let deadline = since + configuration.timing.gatheringDeadlineMilliseconds
        if now >= deadline {
            return saveRemainder(.tooFewWorkers(present: present, needed: needed), now: now)
        }
        waitingMessage(
            "waiting for more workers, for \((deadline - now) / 1000) s at most: \(present) of at least \(needed) are here",
            now: now)
    }

    private mutating func keepPreparing(since: UInt64, now: UInt64) {
        prepareOn(now: now)
        guard phase == .preparing(since: since) || phase == .linking(since: since) else { return }
        let late = roster.present.filter { worker in
            if case .linking = phase {
                return isOwner(worker) && roster[worker].linkedGeneration != generation
            }
            return roster[worker].standing == nil
        }
        let missing = late.map { "\(roster[$0].label), \(roster[$0].progress.phase)" }
        if case .linking = phase, let worker = late.first, now >= since + configuration.timing.stepDeadlineMilliseconds
        {
            return lose(worker, .stuck(milliseconds: now - since), now: now)
        }
        if now >= since + configuration.timing.preparationDeadlineMilliseconds {
            return fail(.preparationTimedOut(missing: missing), about: nil, now: now)
        }
        waitingMessage("waiting for workers to get ready", missing: missing, now: now)
    }

    private mutating func waitingMessage(_ text: String, missing: [String] = [], now: UInt64) {
        guard now >= lastWaitingMessage + configuration.timing.waitingMessageIntervalMilliseconds else { return }
        lastWaitingMessage = now
        log(.notice, text + (missing.isEmpty ? "" : ": " + missing.joined(separator: "; ")))
    }

    /// The worker that is furthest behind among those that got nothing done in time, those first that wait for nobody; rank 0
    /// when its state is awaited.
    private mutating func findStuckWorker(now: UInt64) {
        let deadline = configuration.timing.stepDeadlineMilliseconds
        let working = roster.members.filter { isOwner($0) && roster[$0].done == nil }
        let awaited = working.isEmpty && checkpoints.isEmpty ? roster.members.filter { roster[$0].rank == 0 } : working
        func order(_ worker: Int) -> (Int, UInt64, UInt64) {
            let (progress, lastWorked) = (roster[worker].progress, roster[worker].lastWorked)
            return (progress.phase == .exchanging ? 1 : 0, progress.completedSteps, lastWorked)
        }
        let stuck = awaited.filter { now >= roster[$0].lastWorked + deadline }.min { order($0) < order($1) }
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
            guard now >= roster[worker].lastHeartbeat + timing.heartbeatIntervalMilliseconds else { continue }
            roster[worker].lastHeartbeat = now
            send(heartbeat(for: worker), to: worker)
        }
    }

    /// The present order, so that a worker that missed it gets it again.
    func heartbeat(for worker: Int) -> CoordinatorMessage {
        let record = roster[worker]
        switch phase {
        case .ending(let outcome, _): return farewell(outcome)
        case .regrouping where record.rank != nil || record.isAttached:
            return record.standing == nil ? .regroup(generation: generation) : .heartbeat
        case .linking, .training:
            if record.rank != nil, record.linkedGeneration != generation, let view { return .view(view) }
            if record.rank != nil, phase.isTraining { return order }
        default: break
        }
        // Who comes back with a state that is past is to stand still.
        let isReturning = record.hello.attachment?.holdsState ?? false
        let waits = record.rank == nil && !record.isAttached && record.standing == nil
        return isReturning && waits && view != nil ? .regroup(generation: generation) : .heartbeat
    }
}
