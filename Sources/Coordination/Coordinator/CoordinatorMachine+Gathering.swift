extension CoordinatorMachine {
    /// Accepts a worker, at any time before the end: who comes when the view stands is a spare.
    mutating func handleHello(_ hello: Hello, from connection: ConnectionIdentifier, now: UInt64) {
        if let worker = roster.index(of: connection) {
            roster[worker].lastHeard = now
            return send(.welcome(welcome(for: worker)), to: worker)
        }
        if let refusal = refusal(of: hello) {
            actions.append(.send(.refused(refusal), to: connection))
            return log(.warning, "refused worker '\(hello.name)' on '\(hello.host)': \(refusal.reason)")
        }
        let isLocal = hello.host == configuration.host
        let worker = roster.add(hello, from: connection, isLocal: isLocal, now: now)
        send(.welcome(welcome(for: worker)), to: worker)
        log(
            .notice,
            "worker '\(hello.name)' joined (pid \(hello.processIdentifier), host '\(hello.host)', build \(hello.build), "
                + "\(hello.instructionSet), \(hello.threadCount) threads): \(roster.present.count) of "
                + "\(configuration.workerCount)")
        if case .gathering = phase, roster.present.count >= configuration.workerCount {
            phase = .preparing(since: now)
            lastWaitingMessage = now
        }
    }

    private func refusal(of hello: Hello) -> Refusal? {
        if hello.arithmeticVersion != configuration.arithmeticVersion {
            return Refusal(
                kind: .arithmeticVersion,
                reason: "its arithmetic has version \(hello.arithmeticVersion), this run needs version "
                    + "\(configuration.arithmeticVersion): use the same release on every host")
        }
        if let digest = hello.experimentDigest, digest != configuration.experimentDigest {
            return Refusal(
                kind: .experiment,
                reason: "its experiment has digest \(digest), this run's has \(configuration.experimentDigest)")
        }
        if let index = roster.index(named: hello.name) {
            let other = roster[index].hello
            return Refusal(
                kind: .duplicate,
                reason: "a worker named '\(hello.name)' is already here "
                    + "(pid \(other.processIdentifier), host '\(other.host)')")
        }
        switch phase {
        case .gathering, .preparing, .linking, .training: break
        case .stopping, .salvaging, .ending, .over:
            return Refusal(kind: .ended, reason: "the run is ending")
        }
        if roster.workers.count >= WireLimits.workerCount {
            return Refusal(kind: .tooMany, reason: "\(WireLimits.workerCount) workers have already joined")
        }
        return nil
    }

    private func welcome(for worker: Int) -> Welcome {
        let timing = configuration.timing
        let interval =
            roster[worker].isLocal
            ? timing.localHeartbeatIntervalMilliseconds : timing.remoteHeartbeatIntervalMilliseconds
        return Welcome(
            job: configuration.job, workerIdentifier: roster[worker].identifier,
            experiment: configuration.experiment, data: configuration.data, state: configuration.start.content,
            settings: RunSettings(
                heartbeatIntervalMilliseconds: UInt32(clamping: interval),
                coordinatorSilenceMilliseconds: UInt32(clamping: timing.coordinatorSilenceMilliseconds),
                checkpointEpochInterval: UInt32(clamping: max(1, configuration.checkpointEpochInterval))))
    }

    /// Passes a request for data or state on to the driver, if that content exists.
    mutating func handleContentRequest(_ request: ContentRequest, from worker: Int, now: UInt64) {
        let contents = configuration.data + (configuration.start.content.map { [$0] } ?? [])
        guard let content = contents.first(where: { $0.identifier == request.content }),
            UInt64(request.firstChunk) + UInt64(request.chunkCount) <= UInt64(content.chunkCount)
        else { return ignoredMessageCount += 1 }
        roster[worker].lastWorked = now
        let first = Int(request.firstChunk)
        actions.append(
            .sendContent(
                content.identifier, chunks: first..<first + Int(request.chunkCount),
                to: roster[worker].connection))
    }

    mutating func handleReady(_ ready: Ready, from worker: Int, now: UInt64) {
        roster[worker].lastWorked = now
        if ready.generation == 0 {
            roster[worker].prepared = ready
            guard view == nil else { return checkSpare(worker, now: now) }
            formView(now: now)
        } else if ready.generation == generation, roster[worker].rank != nil, case .linking = phase {
            roster[worker].linkedGeneration = generation
            startTraining(now: now)
        } else {
            ignoredMessageCount += 1
        }
    }

    /// Makes the first view of the first workers that are prepared, as soon as they are enough.
    private mutating func formView(now: UInt64) {
        let prepared = roster.prepared
        let groups = roster.groups { $0.prepared?.stateDigest }
        guard groups.count <= 1 else {
            let steps = prepared.compactMap { roster[$0].prepared?.completedSteps }.max() ?? 0
            return fail(.statesDiffer(completedSteps: steps, groups: groups), about: nil, now: now)
        }
        switch phase {
        case .gathering, .preparing: break
        default: return
        }
        guard prepared.count >= configuration.workerCount else { return }
        let members = prepared.prefix(configuration.workerCount).sorted { left, right in
            let (left, right) = (roster[left].hello.name, roster[right].hello.name)
            return (left.utf8.count, left) < (right.utf8.count, right)
        }
        enterView(generation: generation + 1, members: members, now: now)
    }

    /// A spare whose state differs from the members' first one is put out.
    private mutating func checkSpare(_ worker: Int, now: UInt64) {
        let groups = roster.groups { $0.prepared?.stateDigest }
        if groups.count > 1, roster[worker].rank == nil {
            let steps = roster[worker].prepared?.completedSteps ?? 0
            lose(worker, .statesDiffer(completedSteps: steps, groups: groups), now: now)
        }
    }

    private mutating func enterView(generation: UInt64, members: [Int], now: UInt64) {
        let runs = MicroBatchRun.balanced(
            microBatchCount: configuration.microBatchCount, workerCount: members.count)
        var list: [Member] = []
        for (rank, worker) in members.enumerated() {
            roster[worker].rank = rank
            let hello = roster[worker].hello
            list.append(
                Member(
                    rank: rank, workerIdentifier: roster[worker].identifier, name: hello.name, host: hello.host,
                    processIdentifier: hello.processIdentifier, inboxAddress: hello.inboxAddress,
                    microBatches: runs[rank]))
        }
        let firstStep = members.compactMap { roster[$0].prepared?.completedSteps }.max() ?? 0
        let view = View(generation: generation, firstStep: firstStep, members: list)
        self.view = view
        phase = .linking(since: now)
        lastWaitingMessage = now
        actions.append(.journal(.view(view)))
        for worker in members {
            send(.view(view), to: worker)
        }
    }

    private mutating func startTraining(now: UInt64) {
        guard let view, roster.members.allSatisfy({ roster[$0].linkedGeneration == view.generation }) else { return }
        phase = .training
        for worker in roster.members {
            roster[worker].progress.completedSteps = max(roster[worker].progress.completedSteps, view.firstStep)
            roster[worker].lastWorked = now
        }
        grants.start(completedSteps: view.firstStep, now: now)
        let names = view.members.map { "'\($0.name)'" }.joined(separator: ", ")
        log(.notice, "training starts at step \(view.firstStep) with \(view.members.count) workers: \(names)")
        sendGrant(now: now)
    }
}
