/// A view from its begin to the first grant.
extension CoordinatorMachine {
    /// Journals and sends the view of this generation.
    mutating func enterView(owners: [Int], learners: [Int], _ start: Ready, now: UInt64) {
        viewDigest = start.stateDigest
        let runs = microBatchRuns(of: owners)
        for worker in roster.present {
            roster[worker].rank = nil
            roster[worker].isAttached = false
            roster[worker].done = nil
        }
        var members: [Member] = []
        for (rank, worker) in (owners + learners).enumerated() {
            let hello = roster[worker].hello
            let needsState = !(roster[worker].standing?.isAsFar(as: start) ?? false)
            members.append(
                Member(
                    rank: rank, workerIdentifier: roster[worker].identifier, name: hello.name, host: hello.host,
                    processIdentifier: hello.processIdentifier, inboxAddress: hello.inboxAddress,
                    microBatches: rank < runs.count
                        ? runs[rank] : configuration.microBatchCount..<configuration.microBatchCount,
                    needsState: needsState))
            roster[worker].rank = rank
            roster[worker].wasMember = true
            roster[worker].standing = nil
            roster[worker].linkedGeneration = 0
        }
        guard let holder = members.firstIndex(where: { !$0.needsState }) else {
            preconditionFailure("the furthest state has a holder among the owners")
        }
        let view = View(generation: generation, position: start.position, holder: holder, members: members)
        self.view = view
        phase = .linking(since: now)
        lastWaitingMessage = now
        actions.append(.journal(.view(view)))
        for worker in owners + learners {
            roster[worker].lastWorked = now
            roster[worker].lastHeartbeat = now
            send(.view(view), to: worker)
        }
    }

    mutating func handleLinked(_ linked: Linked, from worker: Int, now: UInt64) {
        guard linked.generation == generation, let rank = roster[worker].rank, let view, view.generation == generation
        else { return ignoredMessageCount += 1 }
        roster[worker].lastWorked = now
        guard linked.stateDigest == viewDigest else {
            let groups = [
                Verdict.StateGroup(digest: linked.stateDigest, workers: [roster[worker].label]),
                Verdict.StateGroup(digest: viewDigest ?? linked.stateDigest, workers: ["the others"]),
            ]
            return lose(
                worker, .statesDiffer(completedSteps: view.position.completedSteps, groups: groups), now: now)
        }
        guard roster[worker].linkedGeneration != generation else { return }
        roster[worker].linkedGeneration = generation
        roster[worker].progress.completedSteps = view.position.completedSteps
        if case .linking = phase {
            startTraining(view, now: now)
        } else if view.members[rank].isLearner {
            log(.notice, "\(roster[worker].label) follows from step \(view.position.completedSteps + 1) on")
        }
    }

    /// Grants the first steps of a view when the links of all owners stand; nobody waits for learners.
    private mutating func startTraining(_ view: View, now: UInt64) {
        let owners = roster.members.filter { isOwner($0) }
        guard owners.count == view.ownerCount,
            owners.allSatisfy({ roster[$0].linkedGeneration == view.generation })
        else { return }
        phase = .training
        for worker in roster.members {
            roster[worker].progress.completedSteps = view.position.completedSteps
            roster[worker].lastWorked = now
        }
        grants.start(completedSteps: view.position.completedSteps, now: now)
        record(
            ledger.start(completedEpochs: view.position.completedEpochs, members: owners.map { roster[$0].identifier }))
        let names = view.members.map { "'\($0.name)'" + ($0.isLearner ? " (learns)" : "") }.joined(separator: ", ")
        let steps = view.position.completedSteps
        let verb = steps > 0 ? "goes on after step \(steps)" : hasStarted ? "goes on" : "starts"
        hasStarted = true
        log(.notice, "training \(verb) with \(owners.count) worker\(owners.count == 1 ? "" : "s"): \(names)")
        if var stop {
            stop.stepLimit = max(stop.stepLimit, view.position.completedSteps)
            self.stop = stop
        }
        sendGrant(now: now)
        releaseStates(now: now)
    }
}
