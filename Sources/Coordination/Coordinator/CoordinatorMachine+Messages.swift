extension CoordinatorMachine {
    mutating func handle(_ message: WorkerMessage, from connection: ConnectionIdentifier, now: UInt64) {
        guard phase != .over else { return }
        if case .hello(let hello) = message {
            return handleHello(hello, from: connection, now: now)
        }
        guard let worker = roster.index(of: connection) else {
            ignoredMessageCount += 1
            if message != .goodbye { actions.append(.send(.introduce, to: connection)) }
            return
        }
        roster[worker].lastHeard = now
        switch message {
        case .hello: break
        case .progress(let progress): handleProgress(progress, from: worker, now: now)
        case .stepDigests(let digests): handleStepDigests(digests, from: worker)
        case .contentRequest(let request): handleContentRequest(request, from: worker, now: now)
        case .ready(let ready): handleReady(ready, from: worker, now: now)
        case .linked(let linked): handleLinked(linked, from: worker, now: now)
        case .epochEnded(let ended): handleEpochEnded(ended, from: worker, now: now)
        case .stateChunk(let chunk): handleStateChunk(chunk, from: worker, now: now)
        case .failed(let failure): handleFailure(failure, from: worker, now: now)
        case .done(let done): handleDone(done, from: worker, now: now)
        case .goodbye: handleGoodbye(from: worker, now: now)
        }
    }

    mutating func refuseUndecodable(_ error: MessageError, from connection: ConnectionIdentifier) {
        guard phase != .over else { return }
        ignoredMessageCount += 1
        if case .otherVersion = error {
            let refusal = Refusal(kind: .protocolVersion, reason: error.description)
            actions.append(.send(.refused(refusal), to: connection))
        }
        undecodableCount += 1
        // A peer that sends nothing else does not fill the log: of many only the 1st, 2nd, 4th, 8th … is told.
        guard undecodableCount.nonzeroBitCount == 1 else { return }
        let sender = roster.index(of: connection).map { roster[$0].label } ?? "an unknown connection"
        let count = undecodableCount > 1 ? ", the \(undecodableCount)th that cannot be read" : ""
        log(.warning, "ignored a message from \(sender): \(error)\(count)")
    }
}
