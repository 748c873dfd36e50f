extension WorkerMachine {
    private static let contentRetryMilliseconds: UInt64 = 3000
    private static let lateTickMilliseconds: UInt64 = 1000

    mutating func handleTick(now: UInt64) {
        let wasLate = now > lastTick + Self.lateTickMilliseconds
        lastTick = now
        switch phase {
        case .created, .exited: return
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
                code: ExitCode.unreachable,
                reason: "no coordinator answered within \((now - since) / 1000) s: is it running at that address?")
        } else if now >= lastHello + configuration.helloIntervalMilliseconds {
            phase = .greeting(since: since, lastHello: now)
            send(.hello(configuration.hello))
        }
    }

    private mutating func keepInTouch(now: UInt64) {
        guard let settings = welcome?.settings else { return }
        if now >= lastHeard + UInt64(settings.coordinatorSilenceMilliseconds) {
            let seconds = (now - lastHeard) / 1000
            return exit(
                code: ExitCode.requeue,
                reason: "the coordinator has been silent for \(seconds) s; "
                    + "this worker stops after step \(progress.completedSteps)")
        }
        if now >= lastSent + UInt64(settings.heartbeatIntervalMilliseconds) {
            sendProgress(now: now)
        }
        if phase == .fetching,
            let request = fetcher.repeatedRequest(after: Self.contentRetryMilliseconds, now: now)
        {
            send(.contentRequest(request))
        }
    }

    mutating func sendProgress(now: UInt64) {
        sendStepDigests()
        lastSent = now
        send(.progress(progress))
    }
}
