import Collectives
import Transport

extension AllReduceDriver {
    /// What one round of work came to.
    enum Progress {
        /// Something was received or done.
        case moved
        /// Nothing to do until a frame arrives.
        case idle
        /// A frame waits until its link can take it.
        case blocked
        /// More comes than can be taken at a time.
        case flooded
    }

    /// Carries out all actions and takes all frames that have arrived; never waits.
    func progress() throws(AllReduceError) -> Progress {
        var result = Progress.idle
        for _ in 0..<AllReduceTuning.frameCountAtATime {
            if try runActions() == .moved { result = .moved }
            guard !isStepDone else { return result }
            guard try receiveOne() else {
                noteEmptyInbox()
                return result == .idle && pending != nil ? .blocked : result
            }
            result = .moved
        }
        return .flooded
    }

    /// Carries out actions until there are none or a link takes no more.
    private func runActions() throws(AllReduceError) -> Progress {
        var result = Progress.idle
        if pending != nil {
            guard try continueSending() else { return .blocked }
            result = .moved
        }
        while let action = machine.nextAction() {
            result = .moved
            switch action {
            case .sendContribution(let bucket, let elements, let rootIndex, let node, let destination):
                let payload = contribution(
                    rootIndex, bucket: bucket, elements: elements, parity: stepParity)
                encodeHeader(
                    .contribution, bucket: bucket, elements: elements, node: node,
                    checksum: arithmetic.checksum(payload, 0))
                guard try send(payload, to: destination) else { return .blocked }
            case .sendResult(let index):
                guard try sendResult(index) else { return .blocked }
            case .sendStatistics:
                guard try sendStatistics() else { return .blocked }
            case .combine(let index):
                try combine(index)
            case .copyResult(let index):
                try copyResult(index)
            case .takeStatistics(let slot, let rank):
                try takeStatistics(slot, from: rank)
            case .request(let request):
                try ask(request)
            case .bucketDone:
                break
            case .stepDone:
                isStepDone = true
            }
        }
        return result
    }

    /// Takes one frame; false when none has arrived.
    func receiveOne() throws(AllReduceError) -> Bool {
        do {
            guard let frame = try transport.receive() else { return false }
            try accept(frame)
        } catch let error as TransportError {
            throw fail(.transport(error))
        } catch let error as AllReduceError {
            throw fail(error)
        } catch {
            preconditionFailure("receiving throws no other error")
        }
        return true
    }

    func noteEmptyInbox() {
        held.emptyInboxCount &+= 1
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
    }

    private func accept(_ frame: consuming ReceivedFrame) throws(AllReduceError) {
        let decoded = withUnsafeBytes(of: frame.header) { bytes in
            try? FrameHeader(decoding: bytes, checksum: arithmetic.checksum)
        }
        guard let header = decoded else { return }
        switch machine.frameReceived(header, payloadByteCount: frame.payloadByteCount) {
        case .keep(let slot):
            keptFrameCount &+= 1
            slots.store(frame, in: slot, checksum: header.payloadChecksum)
        case .answer(let answer): try send(answer)
        case .elsewhere: answersElsewhere?(header)
        case .early:
            guard held.hold(header, frame) else {
                throw .peerFault(PeerFault(rank: header.sender, reason: .tooManyEarlyFrames))
            }
        case .drop: break
        case .refuse(let fault): throw .peerFault(fault)
        }
    }

    /// Offers the held frames to a step that has just begun.
    func offerHeldFrames() {
        for place in 0..<held.capacity {
            guard let header = held.header(at: place) else { continue }
            switch machine.frameReceived(header, payloadByteCount: held.payloadByteCount(at: place)) {
            case .keep(let slot): held.move(place, to: slots, slot: slot)
            case .early: break
            case .drop, .answer, .elsewhere: held.drop(place)
            case .refuse(let fault):
                held.drop(place)
                failure = .peerFault(fault)
            }
        }
    }
}
