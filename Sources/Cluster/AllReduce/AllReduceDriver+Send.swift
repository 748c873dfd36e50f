import Collectives
import Transport

/// A frame that not every receiver has taken yet; its header is in the driver's header buffer.
struct PendingSend {
    var payload: UnsafeRawBufferPointer
    /// The next receiver.
    var nextRank: Int
    /// How many receivers follow it, in the order of ranks around the ring.
    var furtherCount: Int
}

extension AllReduceDriver {
    func encodeHeader(_ kind: FrameKind, bucket: Int, elements: Range<Int>, node: Int, checksum: UInt32) {
        FrameHeader(
            kind: kind, job: configuration.job, generation: configuration.generation, step: machine.step,
            bucket: bucket, elementOffset: elements.lowerBound, elementCount: elements.count,
            sender: configuration.rank, node: node, payloadChecksum: checksum
        ).encode(into: headerBytes, checksum: arithmetic.checksum)
    }

    /// Sends the frame whose header was just encoded; false when a link cannot take it yet.
    func send(
        _ payload: UnsafeRawBufferPointer, to destination: AllReduceAction.Destination
    ) throws(AllReduceError) -> Bool {
        let workerCount = configuration.ownership.workerCount
        switch destination {
        case .rank(let rank):
            pending = PendingSend(payload: payload, nextRank: rank, furtherCount: 0)
        case .everyOther:
            guard workerCount > 1 else { return true }
            let next = (configuration.rank + 1) % workerCount
            pending = PendingSend(payload: payload, nextRank: next, furtherCount: workerCount - 2)
        }
        return try continueSending()
    }

    /// Sends the pending frame to the receivers that remain; false when a link cannot take it yet.
    ///
    /// Learners get copies, and nothing when their link is full, so that neither a step nor its memory waits for them.
    func continueSending() throws(AllReduceError) -> Bool {
        let header = UnsafeRawBufferPointer(start: headerBytes, count: FrameHeader.byteCount)
        while let current = pending {
            do {
                let isForLearner = configuration.ownership.isLearner(current.nextRank)
                let isTaken =
                    current.payload.count <= AllReduceTuning.copiedPayloadByteCount || isForLearner
                    ? try transport.sendCopy(header: header, payload: current.payload, to: current.nextRank)
                    : try transport.sendBorrowed(
                        header: header, payload: current.payload, counter: arenas.counters[stepParity],
                        to: current.nextRank)
                guard isTaken || isForLearner else { return false }
            } catch {
                throw fail(.transport(error))
            }
            advance(current)
        }
        return true
    }

    private func advance(_ current: PendingSend) {
        guard current.furtherCount > 0 else {
            pending = nil
            return
        }
        pending?.nextRank = (current.nextRank + 1) % configuration.ownership.workerCount
        pending?.furtherCount -= 1
    }

    func sendResult(_ index: Int) throws(AllReduceError) -> Bool {
        let chunk = machine.layout.chunks[index]
        let payload = result(bucket: chunk.bucket, elements: chunk.elements, parity: stepParity)
        encodeHeader(
            .result, bucket: chunk.bucket, elements: chunk.elements, node: 0, checksum: resultChecksums[index])
        return try send(payload, to: .everyOther)
    }

    func sendStatistics() throws(AllReduceError) -> Bool {
        let elements = 0..<configuration.ownership.runs[configuration.rank].count * machine.layout.statisticsWidth
        let payload = ownStatistics(elements, parity: stepParity)
        encodeHeader(
            .statistics, bucket: 0, elements: elements, node: 0, checksum: arithmetic.checksum(payload, 0))
        return try send(payload, to: .everyOther)
    }

    func contribution(_ rootIndex: Int, bucket: Int, elements: Range<Int>, parity: Int) -> UnsafeRawBufferPointer {
        let begin = configuration.buckets[bucket].lowerBound + elements.lowerBound
        return UnsafeRawBufferPointer(
            start: arenas.gradient(parity) + rootIndex * rootStride + begin, count: 4 * elements.count)
    }

    func result(bucket: Int, elements: Range<Int>, parity: Int) -> UnsafeRawBufferPointer {
        let begin = configuration.buckets[bucket].lowerBound + elements.lowerBound
        return UnsafeRawBufferPointer(start: sum(parity) + begin, count: 4 * elements.count)
    }

    /// The statistics of this worker's micro-batches; `elements` has their count.
    func ownStatistics(_ elements: Range<Int>, parity: Int) -> UnsafeRawBufferPointer {
        let run = configuration.ownership.runs[configuration.rank]
        guard !run.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let begin = run.lowerBound * (elements.count / run.count)
        return UnsafeRawBufferPointer(start: statistics(parity) + begin, count: 8 * elements.count)
    }
}
