/// Applies faults to the pieces of one direction of a connection. Time and faults are arguments.
struct FaultMachine: ~Copyable {
    /// What the connection is to do after a piece.
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
    /// When the last part that a rate slowed down has passed.
    private var busyUntilNanoseconds: UInt64 = 0
    /// What was done since the caller took it.
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

    /// Puts what becomes of a piece into the queue.
    mutating func pass(
        _ piece: consuming StreamPiece, _ faults: [NetworkFault], now: UInt64, to queue: inout OutputQueue
    ) -> Verdict {
        let isMessage = piece.kind == .message
        let draw = nextDraw(isMessage)
        guard !faults.isEmpty else {
            forward(piece.bytes, [], draw, now, &queue)
            if isMessage { overtake([], draw, now, &queue) }
            return .goOn
        }
        if isMessage {
            if strikes(.reset, faults, draw) != nil { return .reset }
            if strikes(.drop, faults, draw) != nil {
                counts.dropped += 1
                return .goOn
            }
            if let fault = strikes(.corrupt, faults, draw) { corruptContent(of: &piece.bytes, fault, draw) }
            if strikes(.duplicate, faults, draw) != nil {
                counts.duplicated += 1
                piece.bytes += piece.bytes
            }
            if held == nil, let fault = strikes(.reorder, faults, draw) {
                counts.reordered += 1
                held = Held(
                    bytes: piece.bytes, remainingCount: fault.behindCount,
                    dueNanoseconds: now + UInt64(fault.milliseconds) * 1_000_000)
                return .goOn
            }
        }
        if let fault = strikes(.corruptStream, faults, draw) {
            flip(draw.index(below: piece.bytes.count * 8, fault), in: &piece.bytes)
        }
        forward(piece.bytes, faults, draw, now, &queue)
        if isMessage { overtake(faults, draw, now, &queue) }
        return .goOn
    }

    /// Lets the held message go when its time has come, or reordering has ended.
    mutating func wake(_ faults: [NetworkFault], now: UInt64, to queue: inout OutputQueue) {
        guard let held, held.dueNanoseconds <= now || !faults.contains(where: { $0.kind == .reorder }) else { return }
        release(held, faults, now, &queue)
    }

    /// Lets the held message go because the stream has ended.
    mutating func end(_ faults: [NetworkFault], now: UInt64, to queue: inout OutputQueue) {
        if let held { release(held, faults, now, &queue) }
    }
}

extension FaultMachine {
    /// Heartbeats come at any time, so they have numbers of their own: messages keep theirs.
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

    private func strikes(_ kind: NetworkFaultKind, _ faults: [NetworkFault], _ draw: FaultDraw) -> NetworkFault? {
        faults.first { $0.kind == kind && draw.strikes($0) }
    }

    private mutating func overtake(
        _ faults: [NetworkFault], _ draw: FaultDraw, _ now: UInt64, _ queue: inout OutputQueue
    ) {
        guard let waiting = held else { return }
        held?.remainingCount -= 1
        if waiting.remainingCount <= 1 { release(waiting, faults, now, &queue) }
    }

    private mutating func release(
        _ message: Held, _ faults: [NetworkFault], _ now: UInt64, _ queue: inout OutputQueue
    ) {
        held = nil
        let draw = FaultDraw(
            connection: connection, direction: direction, isMessage: true, ordinal: messageCount)
        forward(message.bytes, faults, draw, now, &queue)
    }

    private mutating func forward(
        _ bytes: [UInt8], _ faults: [NetworkFault], _ draw: FaultDraw, _ now: UInt64, _ queue: inout OutputQueue
    ) {
        var due = now
        for fault in faults where fault.kind == .delay && draw.strikes(fault) {
            counts.delayed += 1
            due += UInt64(fault.milliseconds) * 1_000_000
            if let rate = fault.bytesPerSecond {
                let duration = Double(bytes.count) * 1e9 / Double(rate)
                due = max(due, busyUntilNanoseconds) + UInt64(min(duration, 3.6e12))
                busyUntilNanoseconds = due
            }
        }
        queue.append(bytes, dueNanoseconds: due)
    }

    private mutating func corruptContent(of message: inout [UInt8], _ fault: NetworkFault, _ draw: FaultDraw) {
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
