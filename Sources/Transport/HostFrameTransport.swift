/// The frames of one generation between all its workers: through memory to those of this host, over sockets to the others.
///
/// The sockets connect all workers in any case: they show when one is lost, and carry whole states and what learners receive.
package final class HostFrameTransport: FrameTransport {
    package let sockets: ZeroMQFrameTransport
    /// Nil where all frames go over sockets.
    private let memory: SharedMemoryPlane?

    /// How long a wait for room in another worker's ring lasts at most: nothing wakes the waiting worker.
    private static let ringWaitMilliseconds = 1

    /// `memory` is linked over `sockets`.
    package init(sockets: ZeroMQFrameTransport, memory: SharedMemoryPlane?) {
        self.sockets = sockets
        self.memory = memory
        if let descriptor = memory?.doorbellDescriptor { sockets.watch(descriptor) }
    }

    package func makeMemory(byteCount: Int) -> FrameMemory {
        memory?.makeMemory(byteCount: byteCount) ?? FrameMemory(byteCount: byteCount)
    }

    package func borrows(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool {
        memory?.carries(payload, to: rank) == true || sockets.borrows(payload, to: rank)
    }

    package func trusts(_ payload: UnsafeRawBufferPointer, to rank: Int) -> Bool {
        memory?.trusts(payload, to: rank) == true
    }

    package func sendCopy(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int
    ) throws(TransportError) -> Bool {
        try sockets.sendCopy(header: header, payload: payload, to: rank)
    }

    package func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        if let memory, memory.carries(payload, to: rank) {
            return memory.send(header: header, payload: payload, counter: counter, to: rank)
        }
        return try sockets.sendBorrowed(header: header, payload: payload, counter: counter, to: rank)
    }

    package func collectReleases() { memory?.collectReleases() }

    package func receive() throws(TransportError) -> ReceivedFrame? {
        if let frame = memory?.receive() { return frame }
        while let frame = try sockets.receive() {
            // An offer that was repeated may arrive after the links are made.
            guard memory == nil || !SegmentOffer.isOffer(frame.header) else { continue }
            return frame
        }
        return nil
    }

    package func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        guard let memory else { return try sockets.wait(untilSendingTo: rank, deadline: deadline) }
        guard memory.prepareToSleep() else { return .ready }
        defer { memory.wake() }
        let isRing = rank.map { memory.carries(UnsafeRawBufferPointer(start: nil, count: 0), to: $0) } ?? false
        guard isRing else { return try sockets.wait(untilSendingTo: rank, deadline: deadline) }
        let short = Deadline(afterMilliseconds: Self.ringWaitMilliseconds)
        let outcome = try sockets.wait(
            untilSendingTo: nil, deadline: short.moment < deadline.moment ? short : deadline)
        return outcome == .timedOut && !deadline.hasPassed ? .ready : outcome
    }
}
