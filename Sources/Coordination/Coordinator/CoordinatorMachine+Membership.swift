import Core

extension CoordinatorMachine {
    /// Has everyone who holds a state end what it does and tell how far it is. Workers that are not part of it go on learning.
    mutating func regroup(now: UInt64) {
        isBoundaryAnnounced = false
        boundaryReachedAt = nil
        if case .regrouping = phase { return formViewWhenAllStand(now: now) }
        beginGeneration()
        phase = .regrouping(since: now)
        lastWaitingMessage = now
        collector.forgetUnfinished()
        for worker in roster.holders {
            roster[worker].standing = nil
            roster[worker].lastWorked = now
            roster[worker].lastHeartbeat = now
            send(.regroup(generation: generation), to: worker)
        }
        formViewWhenAllStand(now: now)
    }

    /// Workers listen to no generation below one that they have heard of.
    mutating func beginGeneration() {
        generation = max(generation, foreignGeneration) + 1
    }

    mutating func handleReady(_ ready: Ready, from worker: Int, now: UInt64) {
        roster[worker].lastWorked = now
        let isAtRest = roster[worker].rank == nil && !roster[worker].isAttached
        guard ready.generation == generation || isAtRest else { return ignoredMessageCount += 1 }
        if case .linking = phase, !isAtRest { return }
        guard !phase.isTraining || isAtRest else { return ignoredMessageCount += 1 }
        guard isCredible(ready.position, of: worker) else {
            let failure = WorkerFailure(
                generation: generation, kind: .internal,
                message: "it says that its state is after step \(ready.position.completedSteps), where it cannot be")
            return lose(worker, .failure(failure), now: now)
        }
        roster[worker].standing = ready
        switch phase {
        case .gathering: gatherOn(now: now)
        case .preparing: prepareOn(now: now)
        case .regrouping: formViewWhenAllStand(now: now)
        case .short: formView(now: now)
        case .training: announceBoundary(now: now)
        default: break
        }
    }

    private mutating func formViewWhenAllStand(now: UInt64) {
        let holders = roster.holders
        guard !holders.isEmpty else { return endWithoutState(now: now) }
        if holders.allSatisfy({ roster[$0].standing?.generation == generation }) {
            formView(now: now)
        }
    }

    /// Nobody is left who holds a state: a resumed run goes on from the last checkpoint.
    private mutating func endWithoutState(now: UInt64) {
        log(.failure, "no worker is left that holds the state; go on with --resume from the last checkpoint")
        let none = Verdict.Cause.tooFewWorkers(present: 0, needed: configuration.minimumWorkerCount)
        end(.failed(lastLoss ?? verdict(none, about: nil, now: now)), now: now)
    }

    /// Workers of a leader before that hold only states older than the last checkpoint, from which this one starts.
    private mutating func dismissOutdated(_ workers: [Int], now: UInt64) {
        for worker in workers {
            let steps = roster[worker].standing?.position.completedSteps ?? 0
            let reason = "its state after step \(steps) is older than the last checkpoint: it has to join anew"
            log(.warning, "\(roster[worker].label) is put out: \(reason)")
            send(.abort(exitCode: ProcessExitCode.requeue, reason: reason), to: worker)
            roster[worker].isGone = true
        }
        phase = .gathering(since: now)
        gatherOn(now: now)
    }

    /// Makes the view of this generation of those who stand still, when they are enough.
    mutating func formView(now: UInt64) {
        let standing = roster.prepared
        guard let position = decisivePosition else { return }
        let comparable = Set(comparableWorkers.map { roster[$0].identifier })
        let groups = roster.groups { record in
            guard comparable.contains(record.identifier) else { return nil }
            return record.standing.flatMap { $0.position.rounds == position.rounds ? $0.stateDigest : nil }
        }
        guard groups.count == 1, let digest = groups.first?.digest else {
            let cause = Verdict.Cause.statesDiffer(completedSteps: position.completedSteps, groups: groups)
            return compareStates(divergence ?? verdict(cause, about: nil, now: now), now: now)
        }
        if let divergence { return compareStates(divergence, now: now) }
        // Only a state older than the last checkpoint is left.
        if position.completedSteps < checkpoints.savedSteps {
            return view == nil ? dismissOutdated(standing, now: now) : endWithoutState(now: now)
        }
        let start = Ready(generation: generation, position: position, stateDigest: digest)
        let chosen = chooseMembers(standing, start, now: now)
        guard chosen.owners.count >= configuration.minimumWorkerCount else {
            if case .short = phase { return }
            phase = .short(since: now)
            lastWaitingMessage = now
            return log(
                .warning,
                "\(chosen.owners.count) of at least \(configuration.minimumWorkerCount) workers are left: "
                    + "training waits for more after step \(position.completedSteps)")
        }
        enterView(owners: chosen.owners, learners: chosen.learners, start, now: now)
    }

    /// Who computes and who learns, each in the order of names. Who computed before goes on, even if it is a round behind.
    private func chooseMembers(
        _ standing: [Int], _ start: Ready, now: UInt64
    ) -> (owners: [Int], learners: [Int]) {
        func isUpToDate(_ worker: Int) -> Bool { roster[worker].standing?.isAsFar(as: start) ?? false }
        func isOwner(_ worker: Int) -> Bool {
            roster[worker].isAttached || roster[worker].rank.map { view?.members[$0].isLearner == false } ?? false
        }
        func order(_ worker: Int) -> (Int, Int, String) {
            let name = roster[worker].hello.name
            return (isUpToDate(worker) ? (isOwner(worker) ? 0 : 1) : 2, name.utf8.count, name)
        }
        var able = standing.filter { roster[$0].benchedUntil <= now }
        if able.count < configuration.minimumWorkerCount || !able.contains(where: isUpToDate) { able = standing }
        able.sort { order($0) < order($1) }
        var owners = Array(able.filter { isUpToDate($0) || isOwner($0) }.prefix(configuration.ownerLimit))
        // Where too few are left, newcomers compute as soon as they got the state: nobody trains for them to learn from.
        let lackingCount = max(0, configuration.minimumWorkerCount - owners.count)
        owners += able.filter { !owners.contains($0) }.prefix(lackingCount)
        let others = able.filter { !owners.contains($0) }
        let learners = others.prefix(configuration.ownerLimit - owners.count)
        return (owners.sorted { byName($0, $1) }, learners.sorted { byName($0, $1) })
    }

    private func byName(_ left: Int, _ right: Int) -> Bool {
        let (left, right) = (roster[left].hello.name, roster[right].hello.name)
        return (left.utf8.count, left) < (right.utf8.count, right)
    }

    /// Whether a present worker owns micro-batches in the current view.
    func isOwner(_ worker: Int) -> Bool {
        guard let rank = roster[worker].rank, let view else { return false }
        return !view.members[rank].isLearner
    }
}
