internal import Glibc

/// One direction of a connection: what is read at its source leaves at its sink.
struct Flow: ~Copyable {
    let direction: FlowDirection
    private var framer: MessageFramer
    private var machine: FaultMachine
    private var queue = OutputQueue()
    private var sourceHasEnded = false
    private(set) var isDone = false
    private let bufferByteLimit: Int

    init(_ connection: ConnectionIdentity, _ direction: FlowDirection, _ limits: ProxyLimits) {
        self.direction = direction
        framer = MessageFramer(byteLimit: limits.messageByteCount)
        machine = FaultMachine(connection, direction)
        bufferByteLimit = limits.bufferByteCount
    }

    /// Whether more may be read: the sink keeps up.
    var wantsToRead: Bool {
        !sourceHasEnded && !isDone && queue.byteCount + machine.heldByteCount < bufferByteLimit
    }

    /// Whether bytes wait for the sink to take them.
    func wantsToWrite(now: UInt64) -> Bool { queue.dueNanoseconds.map { $0 <= now } ?? false }

    /// When there is something to do without any socket being ready; nil for never.
    var dueNanoseconds: UInt64? {
        [queue.dueNanoseconds, machine.dueNanoseconds].compactMap { $0 }.min()
    }

    mutating func takeCounts() -> FlowCounts { machine.takeCounts() }

    /// Reads once from the source and cuts what came into pieces.
    mutating func read(
        _ source: Int32, _ faults: [NetworkFault], now: UInt64, _ buffer: UnsafeMutableRawBufferPointer
    ) throws(MessageTooLong) -> FaultMachine.Verdict {
        switch StreamSocket.read(source, into: buffer) {
        case .wouldBlock: break
        case .bytes(let count):
            var pieces: [StreamPiece] = []
            try framer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: &pieces)
            for piece in pieces where machine.pass(piece, faults, now: now, to: &queue) == .reset { return .reset }
        case .ended:
            sourceHasEnded = true
            machine.end(faults, now: now, to: &queue)
            queue.append(framer.takeRest(), dueNanoseconds: now)
        }
        return .goOn
    }

    /// Writes to the sink what is due, and passes the end of the stream on. Returns how many bytes left.
    mutating func write(_ sink: Int32, _ faults: [NetworkFault], now: UInt64) -> UInt64 {
        var count: UInt64 = 0
        machine.wake(faults, now: now, to: &queue)
        sending: while !isDone && wantsToWrite(now: now) {
            switch queue.sendFirst({ StreamSocket.write(sink, $0) }) {
            case .bytes(let sent): count += UInt64(sent)
            case .wouldBlock: break sending
            case .ended:
                isDone = true
                queue.removeAll()
            }
        }
        if sourceHasEnded && queue.isEmpty && !isDone {
            isDone = true
            shutdown(sink, Int32(SHUT_WR))
        }
        return count
    }
}
