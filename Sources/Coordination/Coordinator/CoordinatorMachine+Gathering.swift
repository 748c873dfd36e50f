import Core

extension CoordinatorMachine {
    /// Accepts a worker, at any time before the end. One that comes while others train learns first.
    mutating func handleHello(_ hello: Hello, from connection: ConnectionIdentifier, now: UInt64) {
        if let worker = roster.index(of: connection) {
            roster[worker].lastHeard = now
            return greet(worker)
        }
        if let worker = roster.index(named: hello.name), isSameProcess(roster[worker].hello, hello) {
            roster[worker].connection = connection
            roster[worker].lastHeard = now
            log(.detail, "\(roster[worker].label) came back by another connection")
            return greet(worker)
        }
        if let refusal = refusal(of: hello) {
            if mayFitLater(hello, refusal, connection, now: now) { return ignoredMessageCount += 1 }
            actions.append(.send(.refused(refusal), to: connection))
            return log(.warning, "refused worker '\(hello.name)' on '\(hello.host)': \(refusal.reason)")
        }
        admit(hello, from: connection, now: now)
    }

    private func isSameProcess(_ left: Hello, _ right: Hello) -> Bool {
        left.host == right.host && left.processIdentifier == right.processIdentifier
    }

    private mutating func admit(_ hello: Hello, from connection: ConnectionIdentifier, now: UInt64) {
        namesakes[connection] = nil
        let worker = roster.add(hello, from: connection, isLocal: hello.host == configuration.host, now: now)
        // Who comes back while others train holds a state that is past.
        if view != nil { roster[worker].isAttached = false }
        foreignGeneration = max(foreignGeneration, hello.attachment?.generation ?? 0)
        greet(worker)
        let (present, wanted) = (roster.present.count, configuration.workerCount)
        let count = present > wanted ? "\(present) are here" : "\(present) of \(wanted)"
        log(
            .notice,
            "worker '\(hello.name)' \(roster[worker].isAttached ? "came over" : "joined") "
                + "(pid \(hello.processIdentifier), host '\(hello.host)', build \(hello.build), "
                + "\(hello.instructionSet), \(hello.threadCount) thread\(hello.threadCount == 1 ? "" : "s")): \(count)")
        // What a worker of a leader before holds is further than any new worker's state.
        switch phase {
        case .preparing(let since) where roster[worker].isAttached: phase = .gathering(since: since)
        case .short where roster[worker].isAttached: return regroup(now: now)
        case .regrouping where roster[worker].isAttached && foreignGeneration > generation:
            phase = .gathering(since: now)
            return regroup(now: now)
        default: break
        }
        gatherOn(now: now)
    }

    /// Whether a worker is better not answered yet, and says HELLO again: its predecessor's end may not be noticed yet, or a
    /// successor of this coordinator may want it.
    private mutating func mayFitLater(
        _ hello: Hello, _ refusal: Refusal, _ connection: ConnectionIdentifier, now: UInt64
    ) -> Bool {
        if case .ending(.failed(let verdict), _) = phase { return verdict.exitCode == ProcessExitCode.requeue }
        guard refusal.kind == .duplicate, let other = roster.index(ofRival: hello) else { return false }
        let timing = configuration.timing
        let silence = roster[other].isLocal ? timing.localSilenceMilliseconds : timing.remoteSilenceMilliseconds
        if namesakes.count >= WireLimits.workerCount { namesakes = [:] }
        // A coordinator that was late itself has not heard of the other one either.
        let isLate = now > lastTick + timing.lateTickMilliseconds
        let since = isLate ? now : namesakes[connection] ?? now
        let isOver = now >= since + silence + timing.heartbeatIntervalMilliseconds
        namesakes[connection] = isOver ? nil : since
        return !isOver
    }

    /// More generations than a coordinator announces and does not live to journal.
    private static let generationLead: UInt64 = 1 << 20

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
                reason:
                    "its experiment has digest \(digest.abbreviated), this run's has \(configuration.experimentDigest.abbreviated)"
            )
        }
        if let job = hello.attachment?.job, job != configuration.job {
            return Refusal(kind: .ended, reason: "it belongs to run \(job), this is run \(configuration.job)")
        }
        if let claimed = hello.attachment?.generation, claimed > generation + Self.generationLead {
            return Refusal(
                kind: .ended, reason: "it has heard of generation \(claimed), this run is in generation \(generation)")
        }
        switch phase {
        case .salvaging, .ending, .over: return Refusal(kind: .ended, reason: "the run is ending")
        default: break
        }
        if let index = roster.index(ofRival: hello) {
            let other = roster[index].hello
            let what = other.name == hello.name ? "named '\(hello.name)'" : "with the inbox \(hello.inboxAddress)"
            return Refusal(
                kind: .duplicate,
                reason: "a worker \(what) is already here (pid \(other.processIdentifier), host '\(other.host)')")
        }
        if roster.present.count >= WireLimits.workerCount {
            return Refusal(kind: .tooMany, reason: "\(WireLimits.workerCount) workers have already joined")
        }
        return nil
    }

    /// Welcomes a worker, and tells it what is going on if it is part of that.
    private mutating func greet(_ worker: Int) {
        let timing = configuration.timing
        send(
            .welcome(
                Welcome(
                    term: configuration.term, job: configuration.job, workerIdentifier: roster[worker].identifier,
                    experiment: configuration.experiment, data: configuration.data,
                    state: hasTrained ? nil : configuration.start.content, records: records,
                    settings: RunSettings(
                        heartbeatIntervalMilliseconds: UInt32(clamping: timing.heartbeatIntervalMilliseconds),
                        coordinatorSilenceMilliseconds: UInt32(clamping: timing.coordinatorSilenceMilliseconds),
                        successorMilliseconds: UInt32(clamping: timing.successorMilliseconds),
                        checkpointEpochInterval: UInt32(clamping: max(1, configuration.checkpointEpochInterval)),
                        auditMillionths: configuration.auditMillionths))), to: worker)
        let order = heartbeat(for: worker)
        if order != .heartbeat { send(order, to: worker) }
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

    /// How many workers the first view waits for: fewer than asked for when children ended and nobody takes their places.
    func awaitedWorkerCount(now: UInt64) -> Int {
        guard let lastChildEnd, now >= lastChildEnd + configuration.timing.replacementMilliseconds else {
            return configuration.workerCount
        }
        let joined = Set(roster.present.map { roster[$0].hello.processIdentifier })
        let possible = roster.present.count + aliveChildren.subtracting(joined).count
        return max(configuration.minimumWorkerCount, min(possible, configuration.workerCount))
    }

    /// Goes on when enough workers are here. Workers of a leader before are not kept waiting for long.
    mutating func gatherOn(now: UInt64) {
        guard case .gathering = phase else { return }
        let isComplete = roster.present.count >= awaitedWorkerCount(now: now)
        guard roster.present.contains(where: { roster[$0].isAttached }) else {
            if isComplete {
                phase = .preparing(since: now)
                lastWaitingMessage = now
                prepareOn(now: now)
            }
            return
        }
        if isComplete || now >= startedAt + configuration.timing.attachMilliseconds {
            regroup(now: now)
        }
    }

    /// Makes the first view when enough workers are prepared.
    mutating func prepareOn(now: UInt64) {
        guard case .preparing = phase, roster.prepared.count >= awaitedWorkerCount(now: now) else { return }
        beginGeneration()
        formView(now: now)
    }
}
