import Core

extension WorkerMachine {
    private static let contentRetryMilliseconds: UInt64 = 3000
    private static let helloRetryMilliseconds: UInt64 = 250
    /// After so long without effect something is sent again.
    static let repeatMilliseconds: UInt64 = 1000
    private static let lateTickMilliseconds: UInt64 = 1000

    mutating func handleTick(now: UInt64) {
        let wasLate = now > lastTick + Self.lateTickMilliseconds
        lastTick = now
        switch phase {
        case .created, .abandoned, .exited: return
        case .greeting(let since, let lastHello): greetAgain(since: since, lastHello: lastHello, now: now)
        case .failed(let failure, let since) where now >= since + configuration.failureDeadlineMilliseconds:
            exit(code: failure.exitCode, reason: failure.message)
        default:
            if wasLate {
                lastHeard = now
            }
            keepInTouch(now: now)
        }
    }

    private mutating func greetAgain(since: UInt64, lastHello: UInt64, now: UInt64) {
        if now >= since + configuration.greetingDeadlineMilliseconds {
            exit(
                code: ProcessExitCode.unreachable,
                reason: "no coordinator answered within \((now - since) / 1000) s: is it running at that address?")
        } else if now >= lastHello + configuration.helloIntervalMilliseconds {
            phase = .greeting(since: since, lastHello: now)
            send(.hello(configuration.hello))
        }
    }

    private mutating func keepInTouch(now: UInt64) {
        guard let settings = welcome?.settings else { return }
        let silence = now - min(now, lastHeard)
        if silence >= UInt64(settings.successorMilliseconds) { return abandon() }
        if isKnown
            ? silence >= UInt64(settings.coordinatorSilenceMilliseconds)
            : now >= lastHello + Self.helloRetryMilliseconds
        {
            lookForCoordinator(now: now)
        }
        if now >= lastSent + UInt64(settings.heartbeatIntervalMilliseconds) {
            sendProgress(now: now)
        }
        if phase == .fetching,
            let request = fetcher.repeatedRequest(after: Self.contentRetryMilliseconds, now: now)
        {
            send(.contentRequest(request))
        }
        if uploads.isStuck(since: Self.contentRetryMilliseconds, now: now) {
            uploads.restart()
            sendStateChunks(now: now)
        }
    }

    /// Nobody leads any more. The state is not lost with this process.
    private mutating func abandon() {
        guard holdsState else { return leaveAbandoned(path: nil) }
        phase = .abandoned
        actions.append(.interruptCompute)
        actions.append(.saveState)
    }

    mutating func handleStateSaved(path: String?) {
        guard phase == .abandoned else { return }
        leaveAbandoned(path: path)
    }

    private mutating func leaveAbandoned(path: String?) {
        let seconds = (welcome?.settings.successorMilliseconds ?? 0) / 1000
        exit(
            code: ProcessExitCode.requeue,
            reason: "no coordinator was heard for \(seconds) s; this worker stops after step "
                + "\(progress.completedSteps)"
                + (path.map { "; its state is in \($0): go on with --resume \($0)" } ?? ""))
    }

    mutating func sendProgress(now: UInt64) {
        sendStepDigests()
        lastSent = now
        send(.progress(progress))
        switch phase {
        case .standing: if standing?.generation == 0, let lastAnswer { send(lastAnswer) }
        case .failed(let failure, let since): if now >= since + Self.repeatMilliseconds { send(.failed(failure)) }
        default: break
        }
    }
}
