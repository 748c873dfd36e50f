extension CoordinatorMachine {
    /// A whole state that waits until all members agree on it.
    struct HeldState {
        var name: StateName
        var bytes: [UInt8]
    }

    mutating func handleStateChunk(_ chunk: StateChunk, from worker: Int, now: UInt64) {
        guard isExpected(chunk.name, from: worker) else {
            // Saved long ago, or nobody's to send: the sender is not to wait for it. What it is going to send again in the next
            // view is not acknowledged, for that could be taken for an answer to the second time.
            let comesAgain = chunk.name.purpose == .epochEnd && chunk.name.completedEpochs > checkpoints.savedEpochs
            if !comesAgain { send(.stateReceived(name: chunk.name, offset: chunk.offset), to: worker) }
            return ignoredMessageCount += 1
        }
        roster[worker].lastWorked = now
        let arrival = collector.receive(chunk, from: roster[worker].identifier)
        if arrival == .damaged {
            let failure = WorkerFailure(
                generation: generation, kind: .internal,
                message: "a chunk of its state at offset \(chunk.offset) is damaged")
            return lose(worker, .failure(failure), now: now)
        }
        send(.stateReceived(name: chunk.name, offset: chunk.offset), to: worker)
        if case .complete(let bytes) = arrival {
            switch chunk.name.purpose {
            case .audit:
                collector.forget(chunk.name)
                return askJudge(chunk.name, state: bytes, now: now)
            case .comparison:
                collector.forget(chunk.name)
                return compare(bytes, now: now)
            default: break
            }
            heldStates.append(HeldState(name: chunk.name, bytes: bytes))
            releaseStates(now: now)
            finishWhenDone(now: now)
        }
    }

    private func isExpected(_ name: StateName, from worker: Int) -> Bool {
        switch name.purpose {
        case .epochEnd: roster[worker].rank == 0 && !isEnding && name.completedEpochs > checkpoints.savedEpochs
        case .stop: roster[worker].rank == 0 && !isEnding && stop?.stepLimit == name.completedSteps
        case .diverged, .remainder:
            if case .salvaging(_, roster[worker].identifier, _) = phase { true } else { false }
        case .audit:
            if case .judging(_, roster[worker].identifier, _) = phase { true } else { false }
        case .comparison:
            if case .comparing(let comparison, _) = phase {
                comparison.awaited.first == roster[worker].identifier
            } else {
                false
            }
        }
    }

    /// Gives states to the queue of checkpoints: an epoch's when the epoch is recorded, a stop's when all are done.
    mutating func releaseStates(now: UInt64) {
        var kept: [HeldState] = []
        for state in heldStates where state.name.purpose != .stop || stop?.stepLimit == state.name.completedSteps {
            guard let destinations = destinations(of: state.name) else {
                kept.append(state)
                continue
            }
            checkpoints.add(state.name, bytes: state.bytes, destinations: destinations)
        }
        heldStates = kept
        writeNext(now: now)
    }

    /// Where a state belongs; nil while members may still disagree on it.
    private func destinations(of name: StateName) -> [CheckpointRequest.Destination]? {
        switch name.purpose {
        case .diverged: return [.diverged]
        case .remainder: return name.completedEpochs <= ledger.completedEpochs ? [.last] : nil
        case .audit, .comparison: return nil
        case .stop:
            let owners = roster.members.filter { isOwner($0) }
            let isAgreed = owners.allSatisfy { roster[$0].done?.completedSteps == name.completedSteps }
            return isAgreed && name.completedEpochs <= ledger.completedEpochs ? [.last] : nil
        case .epochEnd:
            guard name.completedEpochs <= ledger.completedEpochs else { return nil }
            var destinations = [CheckpointRequest.Destination.last]
            if ledger.bestImproved(inEpoch: name.completedEpochs) {
                destinations.append(.best)
            }
            if configuration.keptEpochInterval > 0,
                Int(name.completedEpochs) % configuration.keptEpochInterval == 0
            {
                destinations.append(.epoch(name.completedEpochs))
            }
            return destinations
        }
    }

    mutating func writeNext(now: UInt64) {
        if let request = checkpoints.next(now: now) {
            actions.append(.writeCheckpoint(request))
        }
    }

    mutating func handleCheckpoint(identifier: UInt64, failure: String?, now: UInt64) {
        guard phase != .over else { return }
        switch checkpoints.written(identifier: identifier, failure: failure, now: now) {
        case .ignored: break
        case .saved(let name):
            if name.purpose != .diverged {
                actions.append(.journal(.checkpoint(completedSteps: name.completedSteps)))
            }
            writeNext(now: now)
            if [.diverged, .remainder].contains(name.purpose) {
                endSalvage(now: now)
            }
            finishWhenDone(now: now)
            finishWhenAlone(now: now)
        case .triedAgainLater(let message):
            log(.warning, "a checkpoint could not be written and is tried again: \(message)")
        case .failed(let attempts, let message):
            checkpoints.abandon()
            endSalvage(now: now)
            fail(.checkpointFailed(attempts: attempts, message: message), about: nil, now: now)
            finishWhenAlone(now: now)
        }
    }
}
