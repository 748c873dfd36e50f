internal import Collectives
internal import Transport

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
    func continueSending() throws(AllReduceError) -> Bool {
        let header = UnsafeRawBufferPointer(start: headerBytes, count: FrameHeader.byteCount)
        while let current = pending {
            do {
                let isTaken =
                    current.payload.count <= AllReduceTuning.copiedPayloadByteCount
                    ? try transport.sendCopy(header: header, payload: current.payload, to: current.nextRank)
                    : try transport.sendBorrowed(
                        header: header, payload: current.payload, counter: arenas.counters[parity],
                        to: current.nextRank)
                guard isTaken else { return false }
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
        let begin = configuration.buckets[chunk.bucket].lowerBound + chunk.elements.lowerBound
        let payload = UnsafeRawBufferPointer(start: sum + begin, count: 4 * chunk.elements.count)
        encodeHeader(
            .result, bucket: chunk.bucket, elements: chunk.elements, node: 0, checksum: resultChecksums[index])
        return try send(payload, to: .everyOther)
    }

    func sendStatistics() throws(AllReduceError) -> Bool {
        let width = configuration.statisticsWidth
        let run = configuration.ownership.runs[configuration.rank]
        let payload = UnsafeRawBufferPointer(
            start: statisticsMemory + run.lowerBound * width, count: 8 * run.count * width)
        encodeHeader(
            .statistics, bucket: 0, elements: 0..<run.count * width, node: 0,
            checksum: arithmetic.checksum(payload, 0))
        return try send(payload, to: .everyOther)
    }
}
