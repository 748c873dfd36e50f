/// Applies faults to the pieces of one direction of a connection. Time and faults are arguments.
struct TrafficFaultMachine: ~Copyable {
    /// What the connection does after a piece.
    enum Verdict: Equatable {
        case goOn
        case reset
    }

    private struct Held {
        var bytes: [UInt8]
        /// How many messages may still overtake it.
        var remainingCount: Int
        var dueNanoseconds: UInt64
    }

    private let connection: ConnectionIdentity
    private let direction: FlowDirection
    private var messageCount: UInt32 = 0
    private var otherCount: UInt32 = 0
    private var held: Held?
    /// When the last bytes that a rate delayed have left.
    private var busyUntilNanoseconds: UInt64 = 0
    /// Counts since the last `takeCounts`.
    private(set) var counts = FlowCounts()

    init(_ connection: ConnectionIdentity, _ direction: FlowDirection) {
        self.connection = connection
        self.direction = direction
    }

    /// When `wake` has something to do; nil for never.
    var dueNanoseconds: UInt64? { held?.dueNanoseconds }

    var heldByteCount: Int { held?.bytes.count ?? 0 }

    mutating func takeCounts() -> FlowCounts {
        defer { counts = FlowCounts() }
        return counts
    }

    /// Applies the faults to a piece and queues the result.
    mutating func pass(
        _ piece: consuming StreamPiece, _ faults: [TrafficFault], now: UInt64, to queue: inout OutputQueue
    ) -> Verdict {
        let isMessage = piece.kind == .message
        let draw = nextDraw(isMessage)
        guard !faults.isEmpty else {
            forward(piece.bytes, [], draw, now, &queue)
            if isMessage { overtake([], draw, now, &queue) }
            return .goOn
        }
        if isMessage {
            if affecting(.reset, faults, draw) != nil { return .reset }
            if affecting(.drop, faults, draw) != nil {
                counts.dropped += 1
                return .goOn
            }
            if let fault = affecting(.corrupt, faults, draw) { corruptContent(of: &piece.bytes, fault, draw) }
            if affecting(.duplicate, faults, draw) != nil {
                counts.duplicated += 1
                piece.bytes += piece.bytes
            }
            if held == nil, let fault = affecting(.reorder, faults, draw) {
                counts.reordered += 1
                held = Held(
                    bytes: piece.bytes, remainingCount: fault.behindCount,
                    dueNanoseconds: now + UInt64(fault.milliseconds) * 1_000_000)
                return .goOn
            }
        }
        if let fault = affecting(.corruptStream, faults, draw) {
            flip(draw.index(below: piece.bytes.count * 8, fault), in: &piece.bytes)
        }
        forward(piece.bytes, faults, draw, now, &queue)
        if isMessage { overtake(faults, draw, now, &queue) }
        return .goOn
    }

    /// Releases the held message when it is due or reordering has ended.
    mutating func wake(_ faults: [TrafficFault], now: UInt64, to queue: inout OutputQueue) {
        guard let held, held.dueNanoseconds <= now || !faults.contains(where: { $0.kind == .reorder }) else { return }
        release(held, faults, now, &queue)
    }

    /// Releases the held message because the stream has ended.
    mutating func end(_ faults: [TrafficFault], now: UInt64, to queue: inout OutputQueue) {
        if let held { release(held, faults, now, &queue) }
    }
}

extension TrafficFaultMachine {
    /// Heartbeats are sent at varying times, so they are numbered separately from messages.
    private mutating func nextDraw(_ isMessage: Bool) -> FaultDraw {
        if isMessage {
            counts.messages += 1
            messageCount &+= 1
        } else {
            otherCount &+= 1
        }
        return FaultDraw(
            connection: connection, direction: direction, isMessage: isMessage,
            ordinal: isMessage ? messageCount : otherCount)
    }

    private func affecting(_ kind: FaultKind, _ faults: [TrafficFault], _ draw: FaultDraw) -> TrafficFault? {
        faults.first { $0.kind == kind && draw.isAffected(by: $0) }
    }

    private mutating func overtake(
        _ faults: [TrafficFault], _ draw: FaultDraw, _ now: UInt64, _ queue: inout OutputQueue
    ) {
        guard let waiting = held else { return }
        held?.remainingCount -= 1
        if waiting.remainingCount <= 1 { release(waiting, faults, now, &queue) }
    }

    private mutating func release(
        _ message: Held, _ faults: [TrafficFault], _ now: UInt64, _ queue: inout OutputQueue
    ) {
        held = nil
        let draw = FaultDraw(
            connection: connection, direction: direction, isMessage: true, ordinal: messageCount)
        forward(message.bytes, faults, draw, now, &queue)
    }

    private mutating func forward(
        _ bytes: [UInt8], _ faults: [TrafficFault], _ draw: FaultDraw, _ now: UInt64, _ queue: inout OutputQueue
    ) {
        var due = now
        for fault in faults where fault.kind == .delay && draw.isAffected(by: fault) {
            counts.delayed += 1
            due += UInt64(fault.milliseconds) * 1_000_000
        }
        for fault in faults where fault.kind == .throttle {
            let duration = Double(bytes.count) * 1e9 / Double(fault.bytesPerSecond)
            due = max(due, busyUntilNanoseconds) + UInt64(min(duration, 3.6e12))
            busyUntilNanoseconds = due
        }
        queue.append(bytes, dueNanoseconds: due)
    }

    private mutating func corruptContent(of message: inout [UInt8], _ fault: TrafficFault, _ draw: FaultDraw) {
        let count = MessageContent.byteCount(of: message)
        guard count > 0 else { return }
        let bit = draw.index(below: count * 8, fault)
        guard let position = MessageContent.position(ofByte: bit / 8, in: message) else { return }
        flip(position * 8 + bit % 8, in: &message)
    }

    private mutating func flip(_ bit: Int, in bytes: inout [UInt8]) {
        counts.corrupted += 1
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
}

/// Bytes to send, in order, each part not before it is due.
struct OutputQueue {
    private struct Part {
        var bytes: [UInt8]
        var sentCount: Int
        var dueNanoseconds: UInt64
    }

    private var parts: [Part] = []
    /// Parts before it were sent.
    private var first = 0
    private(set) var byteCount = 0

    var isEmpty: Bool { first == parts.count }

    /// When the first part may be sent; nil when there is none.
    var dueNanoseconds: UInt64? { isEmpty ? nil : parts[first].dueNanoseconds }

    mutating func append(_ bytes: [UInt8], dueNanoseconds: UInt64) {
        guard !bytes.isEmpty else { return }
        parts.append(Part(bytes: bytes, sentCount: 0, dueNanoseconds: dueNanoseconds))
        byteCount += bytes.count
    }

    /// Calls `write` with the unsent bytes of the first part, and removes those that it sent.
    mutating func sendFirst(_ write: (UnsafeRawBufferPointer) -> StreamSocket.Outcome) -> StreamSocket.Outcome {
        precondition(!isEmpty, "the queue is not empty")
        let sent = parts[first].sentCount
        let outcome = parts[first].bytes.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
        if case .bytes(let count) = outcome {
            parts[first].sentCount += count
            byteCount -= count
            if parts[first].sentCount == parts[first].bytes.count { removeFirst() }
        }
        return outcome
    }

    mutating func removeAll() {
        parts.removeAll()
        first = 0
        byteCount = 0
    }

    private mutating func removeFirst() {
        parts[first].bytes = []
        first += 1
        if first == parts.count || first >= 64 {
            parts.removeFirst(first)
            first = 0
        }
    }
}
