import Foundation
import Transport

/// A network between threads of one process that loses, duplicates, damages and reorders frames.
final class MemoryNetwork: @unchecked Sendable {
    /// Shares of frames, from 0 to 1.
    struct Faults: Sendable {
        var lossShare = 0.0
        var doublingShare = 0.0
        var damageShare = 0.0
        var reorders = false
        /// This rank receives none of the first frames sent to it.
        var deafRank: Int?
        var deafFrameCount = 0
    }

    // Sendable: everything below is guarded by the condition.
    private let condition = NSCondition()
    private var inboxes: [[(header: SIMD8<UInt64>, payload: [UInt8])]]
    private var isFinished: [Bool]
    private var word: UInt64
    private var faults: Faults

    init(count: Int, faults: Faults, seed: UInt64) {
        inboxes = Array(repeating: [], count: count)
        isFinished = Array(repeating: false, count: count)
        self.faults = faults
        word = seed
    }

    private func happens(_ share: Double) -> Bool { share > 0 && Double(next() >> 11) * 0x1p-53 < share }

    private func next() -> UInt64 {
        word &+= 0x9E37_79B9_7F4A_7C15
        let mixed = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 31)
    }

    func send(_ header: SIMD8<UInt64>, _ payload: [UInt8], to rank: Int) {
        condition.lock()
        defer { condition.unlock() }
        if rank == faults.deafRank, faults.deafFrameCount > 0 {
            faults.deafFrameCount -= 1
            return
        }
        for _ in 0..<(happens(faults.doublingShare) ? 2 : 1) where !happens(faults.lossShare) {
            var frame = (header: header, payload: payload)
            if happens(faults.damageShare) {
                if payload.isEmpty || next() & 1 == 0 {
                    frame.header[3] ^= 1 << (next() & 63)
                } else {
                    frame.payload[Int(next() % UInt64(payload.count))] ^= 16
                }
            }
            let place = faults.reorders ? Int(next() % UInt64(inboxes[rank].count + 1)) : inboxes[rank].count
            inboxes[rank].insert(frame, at: place)
        }
        condition.broadcast()
    }

    func receive(_ rank: Int) -> (header: SIMD8<UInt64>, payload: [UInt8])? {
        condition.lock()
        defer { condition.unlock() }
        return inboxes[rank].isEmpty ? nil : inboxes[rank].removeFirst()
    }

    /// Waits until a frame has arrived; false when the deadline has passed.
    func wait(_ rank: Int, deadline: Deadline) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while inboxes[rank].isEmpty {
            if deadline.hasPassed { return false }
            _ = condition.wait(until: Date(timeIntervalSinceNow: Double(deadline.remainingMilliseconds) / 1000))
        }
        return true
    }

    func finish(_ rank: Int) {
        condition.lock()
        isFinished[rank] = true
        condition.unlock()
    }

    var allAreFinished: Bool {
        condition.lock()
        defer { condition.unlock() }
        return isFinished.allSatisfy { $0 }
    }
}

/// One worker's place in a `MemoryNetwork`.
final class MemoryTransport: FrameTransport {
    private let network: MemoryNetwork
    private let rank: Int

    init(_ network: MemoryNetwork, rank: Int) {
        self.network = network
        self.rank = rank
    }

    func sendCopy(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int
    ) throws(TransportError) -> Bool {
        network.send(header.loadUnaligned(as: SIMD8<UInt64>.self), Array(payload), to: rank)
        return true
    }

    func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        try sendCopy(header: header, payload: payload, to: rank)
    }

    func receive() throws(TransportError) -> ReceivedFrame? {
        guard let frame = network.receive(rank) else { return nil }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.payload.count, alignment: 64)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: frame.payload)
        let payload = ReceivedPayload(copying: UnsafeRawBufferPointer(bytes))
        return ReceivedFrame(header: frame.header, payload: payload)
    }

    func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        network.wait(self.rank, deadline: deadline) ? .ready : .timedOut
    }
}
