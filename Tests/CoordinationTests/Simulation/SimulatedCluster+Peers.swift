@testable import Coordination

/// What workers send to each other. Every frame names its generation and its sender's rank.
enum PeerFrame {
    /// The sender is in the view; answered by the same, unless it is an answer.
    case link(isAnswer: Bool)
    case contribution(round: UInt64, sum: UInt64)
    /// Asks for the receiver's contribution once more.
    case resend(round: UInt64)
    case stateRequest
    case state(rounds: UInt64, state: UInt64)
}

extension SimulatedCluster {
    private static let retryMilliseconds: UInt64 = 100
    /// A peer that sends nothing for this long is lost.
    private static let patienceMilliseconds: UInt64 = 1500

    func send(_ frame: PeerFrame, from worker: SimulatedWorker, to rank: Int) {
        guard let view = worker.view, let peer = worker.peers[rank] else { return }
        let generation = view.generation
        let sender = worker.rank
        transmit(from: worker.slot, to: peer.slot) {
            self.on(peer) { self.receive(frame, generation, from: sender, peer) }
        }
    }

    private func receive(_ frame: PeerFrame, _ generation: UInt64, from rank: Int, _ worker: SimulatedWorker) {
        let current = worker.view?.generation ?? 0
        var generation = generation
        if generation != current, !options.safeguards.checksFrameGenerations { generation = current }
        switch frame {
        case .contribution(let round, let sum):
            // Frames of a view that this worker has not entered yet are held.
            guard generation >= current else { return droppedFrames += 1 }
            keep(sum, .init(generation: generation, round: round, rank: rank), worker)
            return completeRound(worker)
        default:
            guard generation == current, let view = worker.view, rank < view.members.count else {
                return droppedFrames += 1
            }
        }
        switch frame {
        case .link(let isAnswer):
            worker.linkedRanks.insert(rank)
            if !isAnswer { send(.link(isAnswer: true), from: worker, to: rank) }
            linkOn(worker)
        case .resend(let round):
            let key = SimulatedWorker.FrameKey(generation: generation, round: round, rank: worker.rank)
            if let sum = worker.frames[key] {
                send(.contribution(round: round, sum: sum), from: worker, to: rank)
            }
        case .stateRequest:
            guard worker.hasState else { return }
            send(.state(rounds: worker.viewState.rounds, state: worker.viewState.state), from: worker, to: rank)
        case .state(let rounds, let state): take(rounds, state, worker)
        case .contribution: break
        }
    }

    private func keep(_ sum: UInt64, _ key: SimulatedWorker.FrameKey, _ worker: SimulatedWorker) {
        guard key.rank != worker.rank || key.generation != worker.view?.generation else { return }
        if let known = worker.frames[key] {
            if !options.safeguards.dropsDuplicates { worker.frames[key] = known &+ sum }
        } else {
            worker.frames[key] = sum
        }
    }

    // MARK: Linking

    func enter(_ view: View, _ worker: SimulatedWorker) {
        worker.task += 1
        worker.activity = .linking
        worker.stopLimit = nil
        worker.mayCompute = false
        worker.view = view
        worker.rank = view.members.firstIndex { $0.name == worker.name } ?? 0
        worker.peers = view.members.map { inboxes[$0.inboxAddress] }
        worker.linkedRanks = [worker.rank]
        if options.safeguards.checksFrameGenerations {
            worker.frames = worker.frames.filter { $0.key.generation >= view.generation }
        }
        worker.hasState = !view.members[worker.rank].needsState
        worker.viewState = (worker.rounds, worker.state)
        worker.awaitedSince = now
        if worker.hasState, worker.rounds != view.position.rounds {
            return violate("\(worker.name) needs a state and gets none")
        }
        link(worker)
    }

    private func link(_ worker: SimulatedWorker) {
        guard worker.activity == .linking, let view = worker.view else { return }
        for rank in view.members.indices where rank != worker.rank && !worker.linkedRanks.contains(rank) {
            send(.link(isAnswer: false), from: worker, to: rank)
        }
        if !worker.hasState { send(.stateRequest, from: worker, to: view.holder) }
        linkOn(worker)
        guard worker.activity == .linking else { return }
        if now >= worker.awaitedSince + 2 * Self.patienceMilliseconds {
            let missing = (0..<view.ownerCount).first { !worker.linkedRanks.contains($0) }
            return lose(missing ?? view.holder, worker)
        }
        later(worker, Self.retryMilliseconds) { self.link(worker) }
    }

    private func take(_ rounds: UInt64, _ state: UInt64, _ worker: SimulatedWorker) {
        guard worker.activity == .linking, !worker.hasState else { return }
        (worker.rounds, worker.state) = (rounds, state)
        worker.hasState = true
        worker.viewState = (rounds, state)
        checkState(of: worker)
        reportPastEpochs(worker)
        linkOn(worker)
    }

    private func linkOn(_ worker: SimulatedWorker) {
        guard worker.activity == .linking, worker.hasState, let view = worker.view,
            (0..<view.ownerCount).allSatisfy({ worker.linkedRanks.contains($0) })
        else { return }
        worker.task += 1
        worker.activity = .waiting
        report(.linked(Linked(generation: view.generation, stateDigest: digest(worker), sharesMemory: true)), worker)
        computeOn(worker)
    }

    // MARK: Waiting for others

    /// Requests missing frames again, and gives up a peer that sends nothing.
    func awaitFrames(_ worker: SimulatedWorker) {
        let round = worker.rounds
        later(worker, Self.retryMilliseconds) {
            guard worker.activity == .exchanging, worker.rounds == round, let view = worker.view else { return }
            let missing = (0..<view.ownerCount).filter { rank in
                worker.frames[.init(generation: view.generation, round: round, rank: rank)] == nil
            }
            if let first = missing.first, self.now >= worker.awaitedSince + Self.patienceMilliseconds,
                worker.peers[first].map({ !$0.isHere || self.isApart(worker, $0) }) ?? true
            {
                return self.lose(first, worker)
            }
            for rank in missing { self.send(.resend(round: round), from: worker, to: rank) }
            self.awaitFrames(worker)
        }
    }

    private func isApart(_ worker: SimulatedWorker, _ peer: SimulatedWorker) -> Bool {
        network.isCut(from: worker.slot, to: peer.slot) || network.isCut(from: peer.slot, to: worker.slot)
    }

    /// The link to a peer broke.
    func lose(_ rank: Int, _ worker: SimulatedWorker) {
        switch worker.activity {
        case .linking, .waiting, .computing, .exchanging: break
        case .unprepared, .standing, .applying, .finished, .failed: return
        }
        note("\(worker.name) loses rank \(rank)")
        worker.task += 1
        worker.activity = .failed
        report(.failed(.peerLost(rank: rank), message: "link lost"), worker)
    }
}
