import Collectives
import Transport

extension AllReduceDriver {
    /// Takes what has arrived while no step runs: answers the questions of the others and holds the frames that come early.
    /// Never waits. A failure is thrown by the next `begin`.
    func serve() {
        var rest = AllReduceTuning.frameCountAtATime
        keepFailure { () throws(AllReduceError) in
            _ = try progress()
            while isStepDone, rest > 0, try receiveOne() { rest -= 1 }
        }
        // What comes after a failure may belong to the next generation.
        while failure != nil, rest > 0, (try? receiveOne()) == true { rest -= 1 }
        if rest > 0 { noteEmptyInbox() }
    }

    /// Sends the frame that a question names if this driver has sent it before; false when it knows nothing of its step.
    func answer(_ question: FrameHeader) -> Bool {
        machine.inboxFoundEmpty(times: held.emptyInboxCount)
        guard case .answer(let answer) = machine.frameReceived(question, payloadByteCount: 0) else { return false }
        keepFailure { () throws(AllReduceError) in try send(answer) }
        return true
    }

    /// Sends a frame once more. When the link takes nothing now, who asked will ask again.
    func send(_ answer: FrameAnswer) throws(AllReduceError) {
        let parity = answer.isOfPreviousStep ? 1 - stepParity : stepParity
        let payload =
            switch answer.kind {
            case .contribution:
                contribution(answer.rootIndex, bucket: answer.bucket, elements: answer.elements, parity: parity)
            case .result: result(bucket: answer.bucket, elements: answer.elements, parity: parity)
            case .statistics, .resend: ownStatistics(answer.elements, parity: parity)
            }
        let header = FrameHeader(
            kind: answer.kind, job: configuration.job, generation: configuration.generation, step: answer.step,
            bucket: answer.bucket, elementOffset: answer.elements.lowerBound, elementCount: answer.elements.count,
            sender: configuration.rank, node: answer.node, payloadChecksum: arithmetic.checksum(payload, 0))
        try sendAtOnce(header, payload, counter: arenas.counters[parity], to: answer.rank)
    }

    /// Asks a rank for a frame that is missing. When the link takes nothing now, it is asked for again later.
    func ask(_ request: FrameRequest) throws(AllReduceError) {
        let header = FrameHeader(
            kind: .resend, job: configuration.job, generation: configuration.generation, step: machine.step,
            bucket: request.bucket, elementOffset: request.elements.lowerBound, elementCount: request.elements.count,
            sender: configuration.rank, node: request.node, payloadChecksum: 0, requestedKind: request.kind)
        let nothing = UnsafeRawBufferPointer(start: headerBytes, count: 0)
        try sendAtOnce(header, nothing, counter: arenas.counters[stepParity], to: request.rank)
    }

    private func sendAtOnce(
        _ header: FrameHeader, _ payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(AllReduceError) {
        let place = headerBytes + FrameHeader.byteCount
        header.encode(into: place, checksum: arithmetic.checksum)
        let bytes = UnsafeRawBufferPointer(start: place, count: FrameHeader.byteCount)
        let isCopied =
            payload.count <= AllReduceTuning.copiedPayloadByteCount || configuration.ownership.isLearner(rank)
        do {
            _ =
                isCopied
                ? try transport.sendCopy(header: bytes, payload: payload, to: rank)
                : try transport.sendBorrowed(header: bytes, payload: payload, counter: counter, to: rank)
        } catch {
            throw fail(.transport(error))
        }
    }
}
