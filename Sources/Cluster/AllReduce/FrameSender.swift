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
        var receivers: [Int]
        /// The place of the next receiver.
        var next: Int
    }

    private let transport: Transport
    private let ownership: Ownership
    /// Lists of one receiver, by rank, so that no list is made during a step.
    private let singles: [[Int]]
    /// The header of the pending frame, then that of a frame that never waits.
    private let headerBytes: UnsafeMutableRawPointer
    private var pending: Pending?

    init(_ transport: Transport, ownership: Ownership) {
        self.transport = transport
        self.ownership = ownership
        singles = (0..<ownership.workerCount).map { [$0] }
        headerBytes = .allocate(byteCount: 2 * FrameHeader.byteCount, alignment: 64)
    }

    deinit {
        headerBytes.deallocate()
    }

    /// The rank whose link is full, if a frame is pending.
    var blockedRank: Int? { pending.map { $0.receivers[$0.next] } }

    /// Whether no receiver compares the checksum of this payload.
    func isTrusted(_ payload: UnsafeRawBufferPointer, by destination: AllReduceAction.Destination) -> Bool {
        func isTrusted(by other: Int) -> Bool {
            !ownership.isLearner(other) && transport.trusts(payload, to: other)
        }
        switch destination {
        case .rank(let rank): return isTrusted(by: rank)
        case .ranks(let ranks): return ranks.allSatisfy(isTrusted)
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
        let receivers =
            switch destination {
            case .rank(let rank): singles[rank]
            case .ranks(let ranks): ranks
            }
        guard !receivers.isEmpty else { return true }
        pending = Pending(payload: payload, counter: counter, receivers: receivers, next: 0)
        header.encode(into: headerBytes)
        return try sendPending()
    }

    /// Sends the pending frame to the receivers that remain; false when a link is still full.
    func sendPending() throws(AllReduceError) -> Bool {
        let header = UnsafeRawBufferPointer(start: headerBytes, count: FrameHeader.byteCount)
        while let current = pending {
            let rank = current.receivers[current.next]
            let isTaken = try transmit(header, current.payload, current.counter, to: rank)
            guard isTaken || ownership.isLearner(rank) else { return false }
            if current.next + 1 == current.receivers.count {
                pending = nil
            } else {
                pending?.next += 1
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
