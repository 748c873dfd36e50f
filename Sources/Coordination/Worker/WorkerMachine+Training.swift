extension WorkerMachine {
    mutating func handleComputed(
        completedSteps: UInt64, phase: WorkerPhase, counter: UInt64, measures: RunningMeasures?, now: UInt64
    ) {
        if counter > computeCounter {
            progress.counter += counter - computeCounter
            computeCounter = counter
        }
        switch self.phase {
        case .ready, .training:
            precondition(completedSteps <= stepLimit, "the compute thread passed its grant")
            if completedSteps > progress.completedSteps {
                progress.completedSteps = completedSteps
                progress.counter += 1
            }
            progress.phase = phase
            progress.measures = measures ?? progress.measures
            if progress.completedSteps >= reportThreshold {
                reportThreshold = .max
                sendProgress(now: now)
            }
        default: break
        }
    }

    mutating func handleStepReduced(step: UInt64, digest: UInt64) {
        guard phase == .training else { return }
        if step != stepDigests.firstStep + UInt64(stepDigests.digests.count)
            || stepDigests.digests.count >= WireLimits.stepDigestCount
        {
            sendStepDigests()
        }
        if stepDigests.digests.isEmpty {
            stepDigests.firstStep = step
        }
        stepDigests.digests.append(digest)
    }

    mutating func handleEpochEnded(_ ended: EpochEnded, now: UInt64) {
        guard phase == .training else { return }
        progress.completedSteps = max(progress.completedSteps, ended.completedSteps)
        progress.counter += 1
        sendStepDigests()
        send(.epochEnded(ended))
    }

    mutating func handleSerialized(_ name: StateName, bytes: [UInt8], now: UInt64) {
        switch phase {
        case .ready, .training, .finishing, .failed:
            progress.counter += 1
            uploads.add(name, bytes: bytes)
            sendStateChunks()
        default: break
        }
    }

    mutating func handleFinished(completedSteps: UInt64, stateDigest: ContentDigest, isComplete: Bool, now: UInt64) {
        guard phase == .training else { return }
        phase = .finishing
        progress.completedSteps = completedSteps
        progress.phase = .finished
        progress.counter += 1
        sendStepDigests()
        sendProgress(now: now)
        send(
            .done(
                Done(
                    generation: progress.generation, completedSteps: completedSteps, stateDigest: stateDigest,
                    isComplete: isComplete)))
    }

    mutating func handleFailure(_ kind: WorkerFailure.Kind, message: String, now: UInt64) {
        switch phase {
        case .created, .greeting, .exited, .failed, .finishing: return
        default: break
        }
        let failure = WorkerFailure(generation: progress.generation, kind: kind, message: message)
        phase = .failed(failure, since: now)
        sendStepDigests()
        send(.failed(failure))
    }

    mutating func sendStateChunks() {
        for chunk in uploads.nextChunks() {
            progress.counter += 1
            send(.stateChunk(chunk))
        }
    }

    mutating func sendStepDigests() {
        guard !stepDigests.digests.isEmpty else { return }
        send(.stepDigests(stepDigests))
        stepDigests.digests = []
    }
}
