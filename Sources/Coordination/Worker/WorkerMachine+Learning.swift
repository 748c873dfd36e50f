import Core

extension WorkerMachine {
    mutating func handleExperimentLoaded(missing: [SHA256Digest], now: UInt64) {
        guard phase == .loading, let welcome else { return }
        phase = .fetching
        let data = welcome.data.filter { content in
            missing.contains { content.identifier == .data($0) }
        }
        fetcher.begin(data + (welcome.state.map { [$0] } ?? []))
        fetchOn(now: now)
    }

    mutating func handleChunk(_ chunk: ContentChunk, now: UInt64) {
        guard phase == .fetching, case .stored(let offset) = fetcher.receive(chunk, now: now) else {
            return ignoredMessageCount += 1
        }
        progress.counter += 1
        actions.append(.storeContent(chunk.content, offset: offset, bytes: chunk.bytes))
        fetchOn(now: now)
    }

    /// Asks for what is missing, or goes on when nothing is.
    private mutating func fetchOn(now: UInt64) {
        if let content = fetcher.nextContent() {
            actions.append(.expectContent(content))
        }
        if let request = fetcher.nextRequest(now: now) {
            send(.contentRequest(request))
        }
        if fetcher.isComplete {
            phase = .preparing
            actions.append(.prepare)
        }
    }

    mutating func handlePrepared(position: Position, stateDigest: SHA256Digest, now: UInt64) {
        guard phase == .preparing else { return }
        stand(Ready(generation: 0, position: position, stateDigest: stateDigest))
    }
}
