import Core

extension WorkerMachine {
    /// Ends what runs, so that a new view can be formed. The state stays.
    mutating func handleRegroup(_ generation: UInt64, now: UInt64) {
        guard generation >= heardGeneration else { return ignoredMessageCount += 1 }
        let isNew = generation > heardGeneration
        heardGeneration = generation
        switch phase {
        case .standing:
            guard var standing else { return }
            standing.generation = generation
            self.standing = standing
            answer(.ready(standing))
        case .linking, .ready, .training, .finishing: if isNew { standStill(generation) }
        case .failed(let failure, _):
            switch failure.kind {
            case .peerLost, .auditMismatch: if isNew { standStill(generation) }
            default: break
            }
        default: break
        }
    }

    private mutating func standStill(_ generation: UInt64) {
        phase = .regrouping
        progress.phase = .waiting
        sendStepDigests()
        actions.append(.interruptCompute)
        actions.append(.regroup(generation: generation))
    }

    /// The compute thread stands still. A newer regroup may have come meanwhile.
    mutating func handleRegrouped(position: Position, stateDigest: SHA256Digest, now: UInt64) {
        guard phase == .regrouping else { return }
        stand(Ready(generation: heardGeneration, position: position, stateDigest: stateDigest))
    }

    mutating func stand(_ ready: Ready) {
        sendStepDigests()
        phase = .standing
        standing = ready
        progress.completedSteps = ready.position.completedSteps
        progress.phase = .waiting
        progress.counter += 1
        answer(.ready(ready))
    }

    /// Enters a newer view that this worker belongs to.
    mutating func handleView(_ view: View, now: UInt64) {
        if view.generation == self.view?.generation, view.generation == linkedGeneration {
            // The coordinator has not heard of it yet.
            switch phase {
            case .ready, .training, .finishing: if let lastLinked { send(.linked(lastLinked)) }
            default: break
            }
            return
        }
        guard phase == .standing, view.generation >= heardGeneration,
            view.generation > (self.view?.generation ?? 0),
            // The identifier may be a successor's, whose welcome was lost.
            let member = view.members.first(where: { $0.inboxAddress == configuration.hello.inboxAddress })
        else { return ignoredMessageCount += 1 }
        self.view = view
        rank = member.rank
        holdsState = true
        heardGeneration = view.generation
        phase = .linking
        stepLimit = view.position.completedSteps
        stopLimit = nil
        lastAnswer = nil
        progress.generation = view.generation
        progress.completedSteps = view.position.completedSteps
        progress.phase = .linking
        progress.counter += 1
        stepDigests = StepDigests(generation: view.generation, firstStep: 0, digests: [])
        actions.append(.enterView(view))
        sendProgress(now: now)
    }

    mutating func handleLinked(generation: UInt64, stateDigest: SHA256Digest, now: UInt64) {
        guard phase == .linking, generation == view?.generation else { return }
        phase = .ready
        linkedGeneration = generation
        progress.phase = .waiting
        progress.counter += 1
        let linked = Linked(generation: generation, stateDigest: stateDigest)
        lastLinked = linked
        answer(.linked(linked))
        uploads.removeAll()
        if isFirst {
            for state in retained { uploads.add(state.name, bytes: state.bytes) }
            sendStateChunks(now: now)
        }
    }
}
