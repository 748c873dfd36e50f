internal import Core

/// The frames of one generation between all its workers: through memory to those of this host, over sockets to the
/// others.
///
/// The sockets connect all workers in any case: they show when one is lost, and carry whole states and what learners
/// receive.
package final class HostFrameTransport: FrameTransport {
    package let sockets: ZeroMQFrameTransport
    /// Nil where all frames go over sockets.
    private let memory: SharedMemoryPlane?
    /// Whether memory reaches every other rank: then little arrives over sockets.
    private let reachesAllThroughMemory: Bool
    /// What faults do to frames; nil without a plan of faults.
    private let disturbance: (any FrameDisturbance)?
    /// Looks for frames since the sockets were asked.
    private var looksSinceSockets = 0
    /// Waits that ended without a look at the sockets since the last that did.
    private var waitsSinceSockets = 0

    /// How long a wait for room in another worker's ring lasts at most: nothing wakes the waiting worker.
    private static let ringWaitMilliseconds = 1
    /// How long a worker spins before it sleeps: about what a sleep and its end cost.
    private static let spinNanoseconds: Int64 = 50_000
    /// How often a worker that shares its processor lets others run before it sleeps; measured.
    private static let yieldCount = 4
    /// Pauses between two looks at the clock.
    private static let pausesAtOnce = 32
    /// The most looks for frames, and the most waits, that do not ask the sockets.
    private static let looksWithoutSockets = 64

    /// `memory` is linked over `sockets`; a worker that waits for memory spins where one that waits for `sockets` does.
    package init(
        sockets: ZeroMQFrameTransport, memory: SharedMemoryPlane?, disturbance: (any FrameDisturbance)? = nil
    ) {
        self.disturbance = disturbance
        self.sockets = sockets
        self.memory = memory
        reachesAllThroughMemory = memory?.unreachedRanks.isEmpty == true
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
        disturbance?.willSend()
        return try sockets.sendCopy(header: header, payload: payload, to: rank)
    }

    package func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) throws(TransportError) -> Bool {
        disturbance?.willSend()
        if let memory, memory.carries(payload, to: rank) {
            guard disturbance?.stopsSending != true else { return false }
            return memory.send(header: header, payload: payload, counter: counter, to: rank)
        }
        return try sockets.sendBorrowed(header: header, payload: payload, counter: counter, to: rank)
    }

    package func collectReleases() { memory?.collectReleases() }

    package func show(_ payload: UnsafeRawBufferPointer, at target: UnsafeMutableRawPointer) -> Range<Int> {
        memory?.show(payload, at: target) ?? 0..<0
    }

    package func restore(_ bytes: UnsafeMutableRawBufferPointer) { memory?.restore(bytes) }

    /// Memory that all workers of the generation write together, of which this one writes some bytes: whole pages, from
    /// left to right. Nil where memory does not reach all of them, or where payloads have checksums.
    package func makeWindow(byteCount: Int, written: [Range<Int>]) -> SharedWindow? {
        memory?.makeWindow(byteCount: byteCount, written: written)
    }

    // MARK: Receiving

    package func receive() throws(TransportError) -> ReceivedFrame? {
        if let frame = receiveFromMemory() { return frame }
        looksSinceSockets = 0
        while let frame = try sockets.receive() {
            // An offer that was repeated may arrive after the links are made.
            guard memory == nil || !SegmentOffer.isOffer(frame.header) else { continue }
            // More may follow.
            looksSinceSockets = Self.looksWithoutSockets
            disturbance?.didReceive()
            return frame
        }
        return nil
    }

    package func receiveQuickly() throws(TransportError) -> ReceivedFrame? {
        guard reachesAllThroughMemory, looksSinceSockets < Self.looksWithoutSockets else { return try receive() }
        looksSinceSockets += 1
        return receiveFromMemory()
    }

    private func receiveFromMemory() -> ReceivedFrame? {
        guard let disturbance else { return memory?.receive() }
        while let frame = memory?.receive() { disturbance.take(frame) }
        guard let frame = disturbance.next() else { return nil }
        disturbance.didReceive()
        return frame
    }

    package func wait(untilSendingTo rank: Int?, deadline: Deadline) throws(TransportError) -> WaitOutcome {
        guard let memory else { return try sockets.wait(untilSendingTo: rank, deadline: deadline) }
        // Nothing that arrives through memory hides interrupts and lost links for long.
        waitsSinceSockets += 1
        let asksSockets = waitsSinceSockets > Self.looksWithoutSockets
        if !asksSockets {
            if rank == nil, disturbance?.holdsFrames != true, try sockets.spins ? spin(memory) : yield(memory) {
                return .ready
            }
            guard memory.prepareToSleep() else { return .ready }
        }
        waitsSinceSockets = 0
        looksSinceSockets = Self.looksWithoutSockets
        let isRing = rank.map { memory.carries(UnsafeRawBufferPointer(start: nil, count: 0), to: $0) } ?? false
        if let rank, !isRing {
            defer { memory.wake(wasRung: true) }
            return try sockets.wait(untilSendingTo: rank, deadline: deadline)
        }
        let isShort = isRing || disturbance?.holdsFrames == true
        let latest = asksSockets ? 0 : isShort ? Self.ringWaitMilliseconds : deadline.remainingMilliseconds
        let short = Deadline(afterMilliseconds: latest)
        let (outcome, isRung) = try sockets.sleep(deadline: short.moment < deadline.moment ? short : deadline)
        memory.wake(wasRung: isRung)
        return outcome == .timedOut && !deadline.hasPassed ? .ready : outcome
    }

    /// Sleeps until a frame may be received, through memory too, or until something that `poller` watches is ready: it
    /// has the inbox, and room for one descriptor more.
    package func sleep(watching poller: Poller, deadline: Deadline) throws(TransportError) {
        guard let memory, let doorbell = memory.doorbellDescriptor else {
            _ = try poller.wait(until: deadline)
            return
        }
        guard memory.prepareToSleep() else { return }
        let index = poller.add(descriptor: doorbell)
        defer {
            memory.wake(wasRung: poller.isReady(index))
            poller.remove(from: index)
        }
        let short = Deadline(afterMilliseconds: Self.ringWaitMilliseconds)
        _ = try poller.wait(until: disturbance?.holdsFrames == true ? short : deadline)
    }

    /// Lets the other workers of this processor run before a look. Returns whether a frame has arrived.
    private func yield(_ memory: SharedMemoryPlane) throws(TransportError) -> Bool {
        for _ in 0..<Self.yieldCount {
            ThreadScheduling.yield()
            if memory.hasFrame { return true }
            if !reachesAllThroughMemory, try sockets.hasFrame { return true }
        }
        return false
    }

    /// Looks for a frame until one has arrived or the time is over. Returns whether one has.
    private func spin(_ memory: SharedMemoryPlane) throws(TransportError) -> Bool {
        let begun = MonotonicTime.now
        repeat {
            for _ in 0..<Self.pausesAtOnce {
                if memory.hasFrame { return true }
                ThreadScheduling.pause()
            }
            if !reachesAllThroughMemory, try sockets.hasFrame { return true }
        } while begun.elapsedNanoseconds < Self.spinNanoseconds
        return false
    }
}

/// What faults on purpose do to the frames of one worker in one generation.
///
/// A proxy disturbs sockets; frames in memory pass through `take` and `next` instead.
package protocol FrameDisturbance: AnyObject {
    /// Called before each attempt to send a frame.
    func willSend()

    /// Called after each frame that is delivered.
    func didReceive()

    /// Takes a frame that arrived through memory.
    func take(_ frame: borrowing ReceivedFrame)

    /// A frame that is to be delivered now, or nil.
    func next() -> ReceivedFrame?

    /// Whether frames wait to be delivered later: nothing wakes the worker for them.
    var holdsFrames: Bool { get }

    /// Whether memory takes no frame now.
    var stopsSending: Bool { get }
}
