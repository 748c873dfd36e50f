import Core

/// From HELLO to the first grant of a view: workers join, quiesce, report their positions, and connect.
extension CoordinatorMachine {
    // MARK: Joining

    /// A worker introduces itself, at any time before the end. One that joins during training learns first.
    mutating func handleHello(_ hello: Hello, from connection: ConnectionIdentifier, now: UInt64) {
        if let worker = roster.index(of: connection) {
            // A connection belongs to one process.
            guard roster[worker].hello.nonce == hello.nonce else { return ignoreMessage() }
            roster.noteMessage(from: worker, now: now)
            return welcome(worker)
        }
        if let worker = roster.index(of: hello.nonce), roster[worker].connection.key == connection.key {
            roster.reconnect(worker, by: connection)
            detector.forgetClosedConnection(of: worker)
            roster.noteMessage(from: worker, now: now)
            log(.detail, "\(roster[worker].label) reconnected")
            return welcome(worker)
        }
        switch admission.decide(hello, in: roster, generation: membership.generation, phase: phase) {
        case .wait: ignoreMessage()
        case .contest(let worker): claims.add(hello, from: connection, against: worker, now: now)
        case .refuse(let refusal): refuse(hello, refusal, connection)
        case .admit: admit(hello, from: connection, now: now)
        }
    }

    private mutating func refuse(_ hello: Hello, _ refusal: Refusal, _ connection: ConnectionIdentifier) {
        emit(.send(.refused(refusal), to: connection))
        log(
            .warning,
            "refused worker '\(hello.name)' (pid \(hello.processIdentifier), host '\(hello.host)'): \(refusal.reason)")
    }

    /// Decides about processes that have the name or the inbox of another worker.
    mutating func settleClaims(now: UInt64) {
        while !phase.isEnding, let finding = claims.nextFinding(in: roster, now: now) {
            switch finding {
            case .taken(let worker, let hello, let connection):
                refuse(hello, admission.refusal(of: hello, conflictingWith: roster[worker]), connection)
            case .abandoned(let worker, let hello, let connection):
                lose(worker, .replaced(processIdentifier: hello.processIdentifier, host: hello.host), now: now)
                if phase != .over { handleHello(hello, from: connection, now: now) }
            case .vacant(let hello, let connection): handleHello(hello, from: connection, now: now)
            }
        }
    }

    private mutating func admit(_ hello: Hello, from connection: ConnectionIdentifier, now: UInt64) {
        // A worker that returns during training holds an outdated state. One that holds a state has received a view,
        // which was journalled before.
        let isAttached =
            membership.view == nil && configuration.lastGeneration > 0 && hello.attachment?.holdsState ?? false
        let worker = roster.add(
            hello, from: connection, isLocal: hello.processSpace == configuration.processSpace, isAttached: isAttached,
            now: now)
        membership.noteReportedGeneration(of: hello)
        if slowHosts.evicted.contains(hello.hostIdentifier) { roster.makeLastSpare(worker) }
        welcome(worker)
        let (present, wanted) = (roster.present.count, configuration.workerCount)
        let count = present > wanted ? "\(present) workers have joined" : "\(present) of \(wanted)"
        let manner =
            roster[worker].isLastSpare
            ? "joined as a spare, because of slow links" : isAttached ? "joined with the state it holds" : "joined"
        log(
            roster[worker].isLastSpare ? .detail : .notice,
            "worker '\(hello.name)' \(manner) "
                + "(pid \(hello.processIdentifier), host '\(hello.host)', build \(hello.build), "
                + "\(hello.instructionSet), \(hello.threadCount) thread\(hello.threadCount == 1 ? "" : "s")): \(count)")
        if isAttached { considerAttachedWorker(now: now) } else { continueGathering(now: now) }
    }

    /// A worker of an earlier coordinator joined: its state is further than that of any new worker.
    private mutating func considerAttachedWorker(now: UInt64) {
        // A supervisor has reported how that coordinator ended. Without one this coordinator's start is when it was
        // noticed.
        history.beginInterruption(
            cause: "the coordinator before term \(configuration.term) ended", redoneMicroBatches: 0,
            now: startedMilliseconds)
        switch phase {
        case .preparing(let since): transition(to: .gathering(since: since), now: now)
        case .waitingForWorkers: return reconfigure(now: now)
        case .reconfiguring(let current) where membership.isGenerationOutdated:
            return restartReconfiguration(divergence: current.divergence, now: now)
        default: break
        }
        continueGathering(now: now)
    }

    /// Welcomes a worker, and repeats the current order if it takes part.
    private mutating func welcome(_ worker: Int) {
        send(
            .welcome(
                Welcome(
                    workerIdentifier: roster[worker].identifier, experiment: configuration.experiment,
                    data: configuration.data, state: hasTrained ? nil : configuration.start.content, records: records,
                    timing: configuration.workerTiming, settings: configuration.settings)), to: worker)
        let order = heartbeat(for: worker)
        if order != .heartbeat { send(order, to: worker) }
    }

    /// Passes a request for data or state on to the driver, if that content exists.
    mutating func handleContentRequest(_ request: ContentRequest, from worker: Int, now: UInt64) {
        let contents = configuration.data + (configuration.start.content.map { [$0] } ?? [])
        guard let content = contents.first(where: { $0.identifier == request.content }),
            UInt64(request.firstChunk) + UInt64(request.chunkCount) <= UInt64(content.chunkCount)
        else { return ignoreMessage() }
        let first = Int(request.firstChunk)
        emit(
            .sendContent(
                content.identifier, chunks: first..<first + Int(request.chunkCount), to: roster[worker].connection))
    }

    // MARK: Gathering

    /// Continues when enough workers have joined. With workers of an earlier coordinator it waits for the others only
    /// briefly.
    mutating func continueGathering(now: UInt64) {
        guard case .gathering = phase else { return }
        let isComplete = roster.present.count >= admission.awaitedWorkerCount(in: roster, now: now)
        guard roster.present.contains(where: { roster[$0].isAttached }) else {
            if earlyEnd.isRequested {
                if now >= startedMilliseconds + configuration.timing.attachMilliseconds { endInterrupted(now: now) }
            } else if isComplete {
                transition(to: .preparing(since: now), now: now)
                continuePreparing(now: now)
            }
            return
        }
        if isComplete || now >= startedMilliseconds + configuration.timing.attachMilliseconds {
            reconfigure(now: now)
        }
    }

    mutating func checkGathering(since: UInt64, now: UInt64) {
        continueGathering(now: now)
        guard case .gathering = phase else { return }
        let (present, wanted) = (roster.present.count, configuration.workerCount)
        if now >= since + configuration.settings.gatherMilliseconds {
            let cause = RunFailure.Cause.gatheringTimedOut(
                present: present, expected: wanted, lastEnd: history.lastUnjoinedChild)
            return fail(cause, now: now)
        }
        logWaiting("waiting for \(wanted - min(present, wanted)) of \(wanted) workers", now: now)
    }

    /// Makes the first view when enough workers are prepared.
    private mutating func continuePreparing(now: UInt64) {
        guard case .preparing = phase,
            roster.prepared.count >= admission.awaitedWorkerCount(in: roster, now: now)
        else { return }
        membership.startGeneration()
        formView(now: now)
    }

    mutating func checkPreparing(since: UInt64, now: UInt64) {
        continuePreparing(now: now)
        guard phase == .preparing(since: since) else { return }
        checkPreparation(of: roster.present.filter { roster[$0].ready == nil }, since: since, now: now)
    }

    private mutating func checkPreparation(of late: [Int], since: UInt64, now: UInt64) {
        let missing = late.map { "\(roster[$0].label), \(roster[$0].progress.phase)" }
        if now >= since + configuration.timing.preparationDeadlineMilliseconds {
            return fail(.preparationTimedOut(missing: missing), now: now)
        }
        logWaiting("waiting for workers to get ready", missing: missing, now: now)
    }

    // MARK: Reconfiguring

    /// All workers that hold a state quiesce and report their positions. Others continue to load.
    mutating func reconfigure(divergence: RunFailure? = nil, now: UInt64) {
        grants.cancelBoundary()
        guard case .reconfiguring(var current) = phase else {
            return restartReconfiguration(divergence: divergence, now: now)
        }
        if current.divergence == nil, divergence != nil {
            current.divergence = divergence
            transition(to: .reconfiguring(current), now: now)
        }
        formViewWhenQuiesced(now: now)
    }

    private mutating func restartReconfiguration(divergence: RunFailure?, now: UInt64) {
        grants.cancelBoundary()
        membership.startGeneration()
        transition(to: .reconfiguring(Reconfiguration(since: now, divergence: divergence)), now: now)
        checkpoints.forgetUnfinished()
        for worker in roster.holders {
            roster.beginReconfiguration(of: worker, now: now)
            send(.reconfigure(generation: membership.generation), to: worker)
        }
        formViewWhenQuiesced(now: now)
    }

    mutating func checkReconfiguring(since: UInt64, now: UInt64) {
        let late = roster.holders.filter { roster[$0].ready?.generation != membership.generation }
        logWaiting("waiting for workers to quiesce", missing: late.map { roster[$0].label }, now: now)
        guard now >= since + configuration.timing.stepDeadlineMilliseconds, let worker = late.first else { return }
        lose(worker, .unresponsive(milliseconds: now - since), now: now)
    }

    mutating func handleReady(_ ready: Ready, from worker: Int, now: UInt64) {
        let isAtRest = !roster[worker].holdsState
        guard ready.generation == membership.generation || isAtRest else { return ignoreMessage() }
        if case .linking = phase, !isAtRest { return }
        guard phase != .training || isAtRest else { return ignoreMessage() }
        guard configuration.bounds.contains(ready.position),
            membership.accepts(ready.position, of: roster[worker], grantedSteps: grantedSteps)
        else {
            let report = "the position after step \(ready.position.completedSteps), which is impossible"
            return lose(worker, .wrongReport(report), now: now)
        }
        if roster[worker].ready != ready { roster.noteProgress(of: worker, now: now) }
        roster.setReady(worker, ready)
        switch phase {
        case .gathering: continueGathering(now: now)
        case .preparing: continuePreparing(now: now)
        case .reconfiguring: formViewWhenQuiesced(now: now)
        case .waitingForWorkers: formView(now: now)
        case .training: announceBoundary(now: now)
        default: break
        }
    }

    // MARK: Forming a view

    private mutating func formViewWhenQuiesced(now: UInt64) {
        let holders = roster.holders
        guard !holders.isEmpty else { return endWithoutState(now: now) }
        if holders.allSatisfy({ roster[$0].ready?.generation == membership.generation }) {
            formView(now: now)
        }
    }

    /// Makes the view of this generation from the prepared workers, if their states agree and they are enough.
    private mutating func formView(now: UInt64) {
        if let (worker, isAlone) = membership.impossiblyFarOwner(in: roster) {
            let report = RunFailure.Cause.wrongReport("a position that no other owner let it reach")
            return isAlone ? fail(report, about: worker, now: now) : lose(worker, report, now: now)
        }
        guard let position = membership.furthestPosition(in: roster) else { return }
        let groups = membership.stateGroups(at: position, in: roster)
        guard groups.count == 1, let digest = groups.first?.digest else {
            let cause = RunFailure.Cause.statesDiffer(completedSteps: position.completedSteps, groups: groups)
            return compareStates(divergence ?? failure(cause, now: now), now: now)
        }
        if let divergence { return compareStates(divergence, now: now) }
        let start = Ready(generation: membership.generation, position: position, stateDigest: digest)
        if savesInsteadOfContinuing(from: start, now: now) { return }
        // Only states older than the last checkpoint are left.
        if position.completedSteps < checkpoints.savedSteps {
            return membership.view == nil ? evictOutdatedWorkers(now: now) : endWithoutState(now: now)
        }
        if let learner = membership.wrongLearner(comparedWith: start, in: roster) {
            // The view is formed without it.
            return lose(
                learner,
                .wrongReport("the digest of a state after step \(position.completedSteps) that the owners contradict"),
                now: now)
        }
        let choice = membership.chooseMembers(from: start, in: roster, now: now)
        if choice.owners.count >= configuration.settings.minimumWorkerCount {
            enterView(choice, from: start, now: now)
        } else {
            waitForWorkers(present: choice.owners.count, position, now: now)
        }
    }

    /// Ends the run where a state at rest has to be saved instead of being continued. Returns whether it does.
    private mutating func savesInsteadOfContinuing(from start: Ready, now: UInt64) -> Bool {
        noteMissedProgress(now: now)
        guard earlyEnd.savesStates || roster.allHoldersLeave else {
            releaseLeavingWorkers(from: start, now: now)
            return false
        }
        saveFurthestState(now: now)
        return true
    }

    /// Ends the run when views follow one another for too long without a complete step.
    private mutating func noteMissedProgress(now: UInt64) {
        guard earlyEnd.failure == nil, let finding = progressDeadline.finding(now: now) else { return }
        let worst = finding.worst.map { "\($0.subject), \($0.count) times: \($0.cause)" }
        let cause = RunFailure.Cause.noProgress(
            seconds: finding.milliseconds / 1000, viewCount: finding.viewCount, worst: worst)
        earlyEnd.fail(with: failure(cause, now: now))
        log(.failure, "\(cause)")
    }

    /// Lets workers go that have to leave, where others hold the state from which the view starts.
    private mutating func releaseLeavingWorkers(from start: Ready, now: UInt64) {
        let isKept = roster.prepared.contains { worker in
            !roster[worker].isLeaving && roster[worker].ready?.hasSameState(as: start) ?? false
        }
        guard isKept else { return }
        for worker in roster.present where roster[worker].isLeaving {
            send(.end(reason: "other workers hold its state"), to: worker)
            log(.notice, "\(roster[worker].label) left after step \(start.position.completedSteps)")
            roster.remove(worker)
        }
    }

    private var divergence: RunFailure? {
        if case .reconfiguring(let reconfiguration) = phase { reconfiguration.divergence } else { nil }
    }

    /// No worker holds a state that can be continued; a resumed run continues from the last checkpoint.
    private mutating func endWithoutState(now: UInt64) {
        log(.failure, "no worker is left that holds the state; continue with --resume from the last checkpoint")
        let cause = RunFailure.Cause.tooFewWorkers(present: 0, needed: configuration.settings.minimumWorkerCount)
        end(.failed(history.lastLoss ?? failure(cause, now: now)), now: now)
    }

    /// Evicts workers of an earlier coordinator whose states are older than the checkpoint from which this one starts.
    private mutating func evictOutdatedWorkers(now: UInt64) {
        for worker in roster.prepared {
            let steps = roster[worker].ready?.position.completedSteps ?? 0
            let reason = "its state after step \(steps) is older than the last checkpoint, so it has to join again"
            log(.warning, "evicted \(roster[worker].label): \(reason)")
            send(.abort(exitCode: ProcessExitCode.requeue, reason: reason), to: worker)
            roster.remove(worker)
        }
        transition(to: .gathering(since: now), now: now)
        continueGathering(now: now)
    }

    // MARK: Too few workers

    private mutating func waitForWorkers(present: Int, _ position: Position, now: UInt64) {
        if case .waitingForWorkers = phase { return }
        transition(to: .waitingForWorkers(since: now), now: now)
        log(
            .warning,
            "\(present) of at least \(configuration.settings.minimumWorkerCount) workers are left: "
                + "training waits for more after step \(position.completedSteps)")
    }

    mutating func checkWaitingForWorkers(since: UInt64, now: UInt64) {
        let needed = configuration.settings.minimumWorkerCount
        let present = roster.holders.count
        let deadline = since + configuration.settings.gatherMilliseconds
        if now >= deadline {
            return rescue(.tooFewWorkers(present: present, needed: needed), now: now)
        }
        logWaiting(
            "waiting up to \((deadline - now) / 1000) s for more workers: \(present) of at least \(needed) have joined",
            now: now)
    }

    // MARK: Linking

    /// Journals the view of this generation. Its members receive it once it is durable.
    private mutating func enterView(_ choice: Membership.Choice, from start: Ready, now: UInt64) {
        let runs = assignment.runs(
            microBatchNanoseconds: choice.owners.map { roster[$0].progress.microBatchNanoseconds },
            hostSizes: roster.hostSizes(of: choice.owners))
        let view = membership.enterView(choice, runs: runs, from: start, in: &roster, now: now)
        transition(to: .linking(since: now), now: now)
        progressDeadline.noteView()
        emit(.journal(.view(view)))
    }

    mutating func sendJournalledView(generation: UInt64, now: UInt64) {
        membership.noteJournalled(generation: generation)
        guard case .linking = phase, generation == membership.generation, let view = membership.journalledView else {
            return
        }
        for worker in roster.members {
            roster.noteHeartbeat(to: worker, now: now)
            send(.view(view), to: worker)
        }
    }

    mutating func handleLinked(_ linked: Linked, from worker: Int, now: UInt64) {
        guard linked.generation == membership.generation, let rank = roster[worker].rank,
            let view = membership.view, view.generation == membership.generation
        else { return ignoreMessage() }
        guard linked.stateDigest == membership.viewDigest else {
            let groups = [
                RunFailure.StateGroup(digest: linked.stateDigest, workers: [roster[worker].label]),
                RunFailure.StateGroup(
                    digest: membership.viewDigest ?? linked.stateDigest, workers: ["the others"]),
            ]
            return lose(
                worker, .statesDiffer(completedSteps: view.position.completedSteps, groups: groups), now: now)
        }
        guard roster[worker].linkedGeneration != membership.generation else { return }
        roster.setLinked(
            worker, generation: membership.generation, completedSteps: view.position.completedSteps,
            sharesMemory: linked.sharesMemory)
        roster.noteProgress(of: worker, now: now)
        if case .linking = phase {
            startTraining(view, now: now)
        } else if view.members[rank].isLearner {
            log(.notice, "\(roster[worker].label) learns from step \(view.position.completedSteps + 1) on")
        }
    }

    mutating func checkLinking(since: UInt64, now: UInt64) {
        let late = membership.owners(in: roster).filter { roster[$0].linkedGeneration != membership.generation }
        if let worker = late.first, now >= since + configuration.timing.stepDeadlineMilliseconds {
            return lose(worker, .unresponsive(milliseconds: now - since), now: now)
        }
        checkPreparation(of: late, since: since, now: now)
    }

    /// Grants the first steps of a view when the links of all owners are open. It does not wait for learners.
    private mutating func startTraining(_ view: View, now: UInt64) {
        let owners = membership.owners(in: roster)
        guard owners.count == view.ownerCount,
            owners.allSatisfy({ roster[$0].linkedGeneration == view.generation })
        else { return }
        let steps = view.position.completedSteps
        transition(to: .training, now: now)
        roster.startTraining(completedSteps: steps, now: now)
        grants.start(completedSteps: steps, now: now)
        settle(ledger.startView(owners: owners.map { roster[$0].identifier }), now: now)
        guard phase == .training else { return }
        let names = view.members.map { "'\($0.name)'" + ($0.isLearner ? " (learns)" : "") }.joined(separator: ", ")
        let verb = steps > 0 ? "continues after step \(steps)" : hasStarted ? "continues" : "starts"
        hasStarted = true
        log(.notice, "training \(verb) with \(owners.count) worker\(owners.count == 1 ? "" : "s"): \(names)")
        sendGrant(now: now)
        releaseStates(now: now)
    }
}
