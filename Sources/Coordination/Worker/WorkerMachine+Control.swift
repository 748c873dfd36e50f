import Core

extension WorkerMachine {
    mutating func handleStart(now: UInt64) {
        precondition(phase == .created, "a worker starts once")
        phase = .greeting(since: now, lastHello: now)
        send(.hello(configuration.hello))
    }

    mutating func handleUndecodable(_ error: MessageError, now: UInt64) {
        guard phase != .exited else { return }
        if case .otherVersion = error, case .greeting = phase {
            exit(code: ProcessExitCode.usage, reason: "the coordinator cannot be understood: \(error)")
        } else {
            ignoredMessageCount += 1
        }
    }

    mutating func handle(_ message: CoordinatorMessage, now: UInt64) {
        switch phase {
        case .created, .abandoned, .exited: return
        default: break
        }
        if isKnown { lastHeard = now }
        switch message {
        case .welcome(let welcome): handleWelcome(welcome, now: now)
        case .refused(let refusal): handleRefusal(refusal)
        case .introduce: lookForCoordinator(now: now)
        case .heartbeat: break
        case .contentChunk(let chunk): handleChunk(chunk, now: now)
        case .reconfigure(let generation): handleRegroup(generation, now: now)
        case .view(let view): handleView(view, now: now)
        case .grant(let grant): handleGrant(grant, now: now)
        case .stop(let grant): handleStop(grant, now: now)
        case .stateReceived(let name, let offset):
            uploads.acknowledge(name, offset: offset)
            sendStateChunks(now: now)
        case .sendState(let purpose): handleStateRequest(purpose)
        case .end(let reason): leave(code: ProcessExitCode.success, reason: reason)
        case .abort(let exitCode, let reason): leave(code: exitCode, reason: reason)
        }
    }

    private mutating func handleWelcome(_ welcome: Welcome, now: UInt64) {
        guard case .greeting = phase else { return handleSuccessor(welcome, now: now) }
        self.welcome = welcome
        isKnown = true
        lastHeard = now
        phase = .loading
        actions.append(.loadExperiment(welcome))
        sendProgress(now: now)
    }

    /// A coordinator takes over, or knows this worker again: it hears what may have been lost on the way.
    private mutating func handleSuccessor(_ successor: Welcome, now: UInt64) {
        guard let known = welcome, successor.job == known.job, successor.term >= known.term else {
            return ignoredMessageCount += 1
        }
        welcome = successor
        isKnown = true
        lastHeard = now
        uploads.restart()
        forget(successor.records)
        sendReports(after: successor.records.epochs, now: now)
        sendStateChunks(now: now)
        if let lastAnswer { send(lastAnswer) }
        sendProgress(now: now)
    }

    private mutating func handleRefusal(_ refusal: Refusal) {
        let isGreeting = if case .greeting = phase { true } else { false }
        guard isGreeting || !isKnown else { return ignoredMessageCount += 1 }
        let code =
            switch refusal.kind {
            case .protocolVersion, .arithmeticVersion, .experiment, .duplicate: ProcessExitCode.usage
            case .tooMany, .ended: ProcessExitCode.unreachable
            }
        exit(code: code, reason: "the coordinator refused this worker: \(refusal.reason)")
    }

    /// The connection to the coordinator broke, or a successor was started.
    mutating func lookForCoordinator(now: UInt64) {
        switch phase {
        case .created, .greeting, .abandoned, .exited: return
        default: break
        }
        isKnown = false
        lastHello = now
        send(.hello(hello))
    }

    private mutating func leave(code: Int32, reason: String) {
        send(.goodbye)
        exit(code: code, reason: reason)
    }

    private mutating func handleGrant(_ grant: Grant, now: UInt64) {
        guard accepts(grant, now: now) else { return }
        guard stopLimit == nil, grant.stepLimit > stepLimit else { return }
        stepLimit = grant.stepLimit
        let ahead = stepLimit - min(stepLimit, progress.completedSteps)
        // The first step of a view is told at once: the coordinator measures how long a change took.
        let isFirst = progress.completedSteps == view?.position.completedSteps
        reportThreshold = progress.completedSteps + (isFirst ? 1 : (ahead + 1) / 2)
        actions.append(.extendGrant(stepLimit: stepLimit))
    }

    private mutating func handleStop(_ grant: Grant, now: UInt64) {
        guard accepts(grant, now: now), stopLimit == nil, grant.stepLimit >= stepLimit else { return }
        stopLimit = grant.stepLimit
        stepLimit = grant.stepLimit
        actions.append(.stopAt(stepLimit: stepLimit))
    }

    /// Whether a grant is for the present view; takes note of what the coordinator has written down.
    private mutating func accepts(_ grant: Grant, now: UInt64) -> Bool {
        forget(grant.records)
        if let last = reports.last, last.epoch > grant.records.epochs, now >= lastReport + Self.repeatMilliseconds {
            sendReports(after: grant.records.epochs, now: now)
        }
        guard grant.generation == view?.generation else {
            ignoredMessageCount += 1
            return false
        }
        switch phase {
        case .ready, .training:
            phase = .training
            return true
        case .finishing:
            // The coordinator has not heard of it yet.
            if let lastAnswer { send(lastAnswer) }
            return false
        default:
            ignoredMessageCount += 1
            return false
        }
    }

    private mutating func handleStateRequest(_ purpose: StatePurpose) {
        switch phase {
        case .standing, .training, .ready, .failed:
            // However often it is asked for while it is being written: each time costs the compute thread a moment.
            guard awaitedStates.insert(purpose).inserted else { return }
            actions.append(.serializeState(purpose))
        default: ignoredMessageCount += 1
        }
    }
}
