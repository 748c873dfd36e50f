extension WorkerMachine {
    mutating func handleStart(now: UInt64) {
        precondition(phase == .created, "a worker starts once")
        phase = .greeting(since: now, lastHello: now)
        send(.hello(configuration.hello))
    }

    mutating func handleUndecodable(_ error: MessageError, now: UInt64) {
        guard phase != .exited else { return }
        if case .otherVersion = error {
            exit(code: ExitCode.usage, reason: "the coordinator cannot be understood: \(error)")
        } else {
            ignoredMessageCount += 1
        }
    }

    mutating func handle(_ message: CoordinatorMessage, now: UInt64) {
        guard phase != .exited, phase != .created else { return }
        lastHeard = now
        switch message {
        case .welcome(let welcome): handleWelcome(welcome, now: now)
        case .refused(let refusal): handleRefusal(refusal)
        case .heartbeat: break
        case .contentChunk(let chunk): handleChunk(chunk, now: now)
        case .view(let view): handleView(view, now: now)
        case .grant(let generation, let stepLimit): handleGrant(generation: generation, stepLimit: stepLimit)
        case .stop(let generation, let stepLimit): handleStop(generation: generation, stepLimit: stepLimit)
        case .stateReceived(let name, let offset):
            uploads.acknowledge(name, offset: offset)
            sendStateChunks()
        case .sendState(let purpose): handleStateRequest(purpose)
        case .end(let reason): leave(code: ExitCode.success, reason: reason)
        case .abort(let exitCode, let reason): leave(code: exitCode, reason: reason)
        }
    }

    private mutating func handleWelcome(_ welcome: Welcome, now: UInt64) {
        guard case .greeting = phase else { return ignoredMessageCount += 1 }
        self.welcome = welcome
        phase = .loading
        actions.append(.loadExperiment(welcome))
        sendProgress(now: now)
    }

    private mutating func handleRefusal(_ refusal: Refusal) {
        guard case .greeting = phase else { return ignoredMessageCount += 1 }
        let code =
            switch refusal.kind {
            case .protocolVersion, .arithmeticVersion, .experiment, .duplicate: ExitCode.usage
            case .tooMany, .ended: ExitCode.unreachable
            }
        exit(code: code, reason: "the coordinator refused this worker: \(refusal.reason)")
    }

    private mutating func leave(code: Int32, reason: String) {
        send(.goodbye)
        exit(code: code, reason: reason)
    }

    private mutating func handleGrant(generation: UInt64, stepLimit: UInt64) {
        guard phase == .ready || phase == .training, generation == view?.generation else {
            return ignoredMessageCount += 1
        }
        phase = .training
        guard stopLimit == nil, stepLimit > self.stepLimit else { return }
        self.stepLimit = stepLimit
        let ahead = stepLimit - min(stepLimit, progress.completedSteps)
        reportThreshold = progress.completedSteps + (ahead + 1) / 2
        actions.append(.extendGrant(stepLimit: stepLimit))
    }

    private mutating func handleStop(generation: UInt64, stepLimit: UInt64) {
        guard phase == .ready || phase == .training, generation == view?.generation else {
            return ignoredMessageCount += 1
        }
        guard stopLimit == nil, stepLimit >= self.stepLimit else { return }
        phase = .training
        stopLimit = stepLimit
        self.stepLimit = stepLimit
        actions.append(.stopAt(stepLimit: stepLimit))
    }

    private mutating func handleStateRequest(_ purpose: StatePurpose) {
        switch phase {
        case .training, .ready, .failed: actions.append(.serializeState(purpose))
        default: ignoredMessageCount += 1
        }
    }
}
