import Core

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
            if completedSteps > progress.completedSteps {
                progress.completedSteps = completedSteps
                progress.counter += 1
            }
            progress.phase = phase
            progress.measures = measures ?? progress.measures
            if progress.completedSteps >= reportThreshold {
                // Then once more in the middle and at the end of the grant: a boundary may wait for it.
                let ahead = stepLimit - min(stepLimit, progress.completedSteps)
                reportThreshold = ahead > 0 ? progress.completedSteps + (ahead + 1) / 2 : .max
                sendProgress(now: now)
            }
        default: break
        }
    }

    mutating func handleStepReduced(step: UInt64, digest: UInt64) {
        guard phase == .training || phase == .regrouping || phase == .finishing else { return }
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
        guard phase != .exited, phase != .abandoned else { return }
        if let index = reports.firstIndex(where: { $0.epoch >= ended.epoch }) {
            // A state that was taken over tells of past epochs once more, and knows less of them.
            guard reports[index].epoch > ended.epoch || reports[index].stateDigest == nil else { return }
            if reports[index].epoch == ended.epoch { reports.remove(at: index) }
            reports.insert(ended, at: index)
        } else {
            reports.append(ended)
        }
        guard ended.stateDigest != nil else { return }
        progress.counter += 1
        lastReport = now
        sendStepDigests()
        send(.epochEnded(ended))
    }

    /// Tells of epochs that the coordinator has not recorded.
    mutating func sendReports(after epoch: UInt32, now: UInt64) {
        lastReport = now
        for report in reports where report.epoch > epoch { send(.epochEnded(report)) }
    }

    /// What the coordinator has saved need not be kept.
    mutating func forget(_ records: Records) {
        retained.removeAll { $0.name.completedEpochs <= records.savedEpochs }
    }

    mutating func handleSerialized(_ name: StateName, bytes: [UInt8], now: UInt64) {
        awaitedStates.remove(name.purpose)
        if name.purpose == .epochEnd { retained.append((name, bytes)) }
        switch phase {
        case .standing, .ready, .training, .finishing, .failed:
            let isAskedFor = [.diverged, .audit, .comparison, .rescue].contains(name.purpose)
            guard isAskedFor || (isFirst && phase != .standing) else { return }
            progress.counter += 1
            uploads.add(name, bytes: bytes)
            sendStateChunks(now: now)
        default: break
        }
    }

    mutating func handleFinished(completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool, now: UInt64) {
        guard phase == .training else { return }
        phase = .finishing
        progress.completedSteps = completedSteps
        progress.phase = .finished
        progress.counter += 1
        sendStepDigests()
        sendProgress(now: now)
        answer(
            .done(
                Done(
                    generation: progress.generation, completedSteps: completedSteps, stateDigest: stateDigest,
                    isComplete: isComplete)))
    }

    mutating func handleFailure(_ kind: WorkerFailure.Kind, message: String, now: UInt64) {
        switch phase {
        case .created, .greeting, .regrouping, .exited, .failed, .finishing, .abandoned: return
        default: break
        }
        let failure = WorkerFailure(generation: progress.generation, kind: kind, message: message)
        phase = .failed(failure, since: now)
        sendStepDigests()
        answer(.failed(failure))
    }

    mutating func sendStateChunks(now: UInt64) {
        for chunk in uploads.nextChunks(now: now) {
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
