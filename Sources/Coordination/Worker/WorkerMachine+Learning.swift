extension WorkerMachine {
    mutating func handleExperimentLoaded(missing: [ContentDigest], now: UInt64) {
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

    mutating func handlePrepared(completedSteps: UInt64, stateDigest: ContentDigest, now: UInt64) {
        guard phase == .preparing else { return }
        phase = .prepared
        progress.completedSteps = completedSteps
        progress.phase = .waiting
        progress.counter += 1
        send(.ready(Ready(generation: 0, completedSteps: completedSteps, stateDigest: stateDigest)))
    }

    /// Enters a newer view that this worker belongs to, also from within an older one.
    mutating func handleView(_ view: View, now: UInt64) {
        let mayEnter =
            switch phase {
            case .prepared, .linking, .ready, .training: true
            case .failed(let failure, _): if case .peerLost = failure.kind { true } else { false }
            default: false
            }
        guard mayEnter, view.generation > progress.generation,
            view.members.contains(where: { $0.workerIdentifier == welcome?.workerIdentifier })
        else { return ignoredMessageCount += 1 }
        self.view = view
        phase = .linking
        stepLimit = view.firstStep
        stopLimit = nil
        progress.generation = view.generation
        progress.phase = .linking
        progress.counter += 1
        stepDigests = StepDigests(generation: view.generation, firstStep: 0, digests: [])
        actions.append(.enterView(view))
        sendProgress(now: now)
    }

    mutating func handleLinked(generation: UInt64, completedSteps: UInt64, stateDigest: ContentDigest, now: UInt64) {
        guard phase == .linking, generation == view?.generation else { return }
        phase = .ready
        progress.completedSteps = completedSteps
        progress.phase = .waiting
        progress.counter += 1
        send(.ready(Ready(generation: generation, completedSteps: completedSteps, stateDigest: stateDigest)))
    }
}
