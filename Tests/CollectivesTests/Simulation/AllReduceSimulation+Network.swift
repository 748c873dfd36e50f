@testable import Collectives

extension AllReduceSimulation {
    func send(_ frame: SimulatedFrame, from rank: Int, to destination: AllReduceAction.Destination) {
        for other in destination.ranks.sorted() {
            transmit(frame, to: other)
            if happens(doublingShare) { transmit(frame, to: other) }
        }
    }

    private func transmit(_ frame: SimulatedFrame, to rank: Int) {
        if happens(lossShare) {
            note("lost: \(name(frame)) to rank \(rank)")
            return
        }
        var frame = frame
        if happens(damageShare) {
            // A damaged header cannot be read at all.
            note("damaged: \(name(frame)) to rank \(rank)")
            if frame.payloadByteCount == 0 || Bool.random(using: &generator) { return }
            frame.isDamaged = true
            counts.damagedFrames += 1
        }
        let delay = Int.random(in: 1...(happens(0.1) ? 4 * longestDelay : longestDelay), using: &generator)
        if frame.label.kind == .contribution && frame.label.node < tree.leafCount
            && ownership.runs[frame.label.sender].count < ownership.tree.leaves(of: frame.label.node).count
        {
            counts.gatheredRoots += 1
        }
        trace?.note(now + delay, rank, frame.isDamaged ? 1 : 0)
        trace?.note(frame.label)
        network.append(Message(arrival: now + delay, destination: rank, frame: frame))
    }

    func happens(_ share: Double) -> Bool {
        share > 0 && !faultsAreOver && Double.random(in: 0..<1, using: &generator) < share
    }

    /// Hands over what has arrived. A worker that computes looks at its inbox only now and then.
    func deliver() throws {
        var waiting: [Message] = []
        let arrived = network.filter { $0.arrival <= now }
        waiting.reserveCapacity(network.count)
        for message in network where message.arrival > now { waiting.append(message) }
        network = waiting
        let listening = processes.map { $0.unready.isEmpty || Int.random(in: 0..<8, using: &generator) == 0 }
        for message in arrived {
            guard listening[message.destination] else {
                network.append(message)
                continue
            }
            note("\(name(message.frame)) reaches rank \(message.destination)")
            let worker = processes[message.destination].worker
            if let again = try worker.offer(message.frame) {
                if again.label.step < worker.machine.step {
                    counts.answersOfStepBefore += 1
                } else {
                    counts.answersOfThisStep += 1
                }
                if again.label.kind == .relayedStatistics { counts.relayedAnswers += 1 }
                send(again, from: message.destination, to: .rank(message.frame.label.sender))
            }
        }
        for rank in processes.indices where listening[rank] { processes[rank].worker.findInboxEmpty() }
    }

    func name(_ frame: SimulatedFrame) -> String {
        let label = frame.label
        let kind = label.requestedKind.map { "request for \($0)" } ?? "\(label.kind)"
        return "\(kind) of generation \(label.generation), step \(label.step - 9), bucket \(label.bucket), "
            + "element \(label.elementOffset), node \(label.node), rank \(label.sender)"
    }

    /// A learner whose missing frames no worker has any more.
    func isLeftBehind(_ rank: Int) -> Bool {
        guard ownership.isLearner(rank), processes[rank].isComputing else { return false }
        let owners = processes.indices.filter { !ownership.isLearner($0) }
        return now - processes[rank].silentSince > Self.firstPatience
            && owners.contains { processes[$0].completed > processes[rank].completed + 1 }
    }

    /// A new generation with other owners, which each worker enters some time later. It continues from the highest
    /// step.
    func reconfigure(_ reason: String) throws {
        generation += 1
        ownership = try randomOwnership(workerCount: processes.count)
        note("generation \(generation) because \(reason): owners \(ownership.runs) on \(ownership.hosts)")
        let completed = processes.map(\.completed).max() ?? 0
        for rank in processes.indices {
            processes[rank].completed = completed
            processes[rank].isComputing = false
            processes[rank].unready = []
            processes[rank].entry = now + Int.random(in: 1...50, using: &generator)
        }
    }

    func enter(_ rank: Int) throws {
        let held = processes[rank].worker.held
        let worker = newWorker(rank)
        worker.held = held
        if var trace = processes[rank].worker.trace {
            trace.note(processes[rank].worker.machine.dropped)
            trace.note(Int(generation))
            worker.trace = trace
        }
        processes[rank].worker = worker
        note("rank \(rank) enters generation \(generation)")
    }
}
