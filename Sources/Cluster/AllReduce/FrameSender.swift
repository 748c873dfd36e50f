import Collectives
import Transport

/// Sends the frames of one rank over a transport, and keeps the one frame that a full link has not taken yet.
///
/// Learners get copies, and nothing when their link is full, so that neither a step nor its memory waits for them.
final class FrameSender<Transport: FrameTransport> {
    /// A frame that some receivers have not taken yet; its header is in `headerBytes`.
    private struct Pending {
        var payload: UnsafeRawBufferPointer
        var counter: ReleaseCounter
        var nextRank: Int
        /// How many receivers follow, in the order of ranks around the ring.
        var furtherCount: Int
    }

    private let transport: Transport
    private let rank: Int
    private let ownership: Ownership
    /// The header of the pending frame, then that of a frame that never waits.
    private let headerBytes: UnsafeMutableRawPointer
    private var pending: Pending?

    init(_ transport: Transport, rank: Int, ownership: Ownership) {
        self.transport = transport
        self.rank = rank
        self.ownership = ownership
        headerBytes = .allocate(byteCount: 2 * FrameHeader.byteCount, alignment: 64)
    }

    deinit {
        headerBytes.deallocate()
    }

    /// The rank whose link is full, if a frame is pending.
    var blockedRank: Int? { pending?.nextRank }

    /// Whether no receiver compares the checksum of this payload.
    func isTrusted(_ payload: UnsafeRawBufferPointer, by destination: AllReduceAction.Destination) -> Bool {
        func isTrusted(by other: Int) -> Bool {
            !ownership.isLearner(other) && transport.trusts(payload, to: other)
        }
        switch destination {
        case .rank(let rank): return isTrusted(by: rank)
        case .everyOther: return (0..<ownership.workerCount).allSatisfy { $0 == rank || isTrusted(by: $0) }
        }
    }

    /// Sends a frame; false when a link is full, and the frame is then pending.
    ///
    /// - Precondition: no frame is pending. The payload stays unchanged until `counter` is idle.
    func send(
        _ header: FrameHeader, _ payload: UnsafeRawBufferPointer, counter: ReleaseCounter,
        to destination: AllReduceAction.Destination
    ) throws(AllReduceError) -> Bool {
        precondition(pending == nil, "one frame is sent after another")
        switch destination {
        case .rank(let rank):
            pending = Pending(payload: payload, counter: counter, nextRank: rank, furtherCount: 0)
        case .everyOther:
            guard ownership.workerCount > 1 else { return true }
            let next = (rank + 1) % ownership.workerCount
            pending = Pending(
                payload: payload, counter: counter, nextRank: next, furtherCount: ownership.workerCount - 2)
        }
        header.encode(into: headerBytes)
        return try sendPending()
    }

    /// Sends the pending frame to the receivers that remain; false when a link is still full.
    func sendPending() throws(AllReduceError) -> Bool {
        let header = UnsafeRawBufferPointer(start: headerBytes, count: FrameHeader.byteCount)
        while let current = pending {
            let isTaken = try transmit(header, current.payload, current.counter, to: current.nextRank)
            guard isTaken || ownership.isLearner(current.nextRank) else { return false }
            if current.furtherCount == 0 {
                pending = nil
            } else {
                pending?.nextRank = (current.nextRank + 1) % ownership.workerCount
                pending?.furtherCount -= 1
            }
        }
        return true
    }

    /// Sends a frame to one rank, or drops it when the link is full: the receiver requests it again.
    func sendOrDrop(
        _ header: FrameHeader, _ payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(AllReduceError) {
        let place = headerBytes + FrameHeader.byteCount
        header.encode(into: place)
        let bytes = UnsafeRawBufferPointer(start: place, count: FrameHeader.byteCount)
        _ = try transmit(bytes, payload, counter, to: rank)
    }

    private func transmit(
        _ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer, _ counter: ReleaseCounter, to rank: Int
    ) throws(AllReduceError) -> Bool {
        do {
            if ownership.isLearner(rank) || !transport.borrows(payload, to: rank) {
                return try transport.sendCopy(header: header, payload: payload, to: rank)
            }
            return try transport.sendBorrowed(header: header, payload: payload, counter: counter, to: rank)
        } catch {
            throw .transport(error)
        }
    }
}
