internal import Core

/// What disturbs the frames that a worker exchanges through the memory of its host, where no proxy sees them.
package struct MemoryFaults: Sendable, Equatable {
    /// Faults of frames that arrive.
    var incoming: [TrafficFault] = []
    package var stopsReceiving = false
    package var stopsSending = false

    package static let none = MemoryFaults()

    mutating func add(_ effect: MemoryFaults) {
        incoming += effect.incoming
        stopsReceiving = stopsReceiving || effect.stopsReceiving
        stopsSending = stopsSending || effect.stopsSending
    }
}

/// A fault of the network in effect on the frames of one process in memory.
struct MemoryDisturbance: Sendable {
    let effect: MemoryFaults
    /// Whether it concerns only links that were made before it began.
    let concernsOpenLinks: Bool
    let begin: Int64
    let end: Int64

    /// Nil for a fault that does nothing to frames in memory: they have no connections that break, and the coordinator
    /// has none.
    init?(_ planned: PlannedFault, nanoseconds: Int64) {
        let fault = planned.fault
        guard case .worker = fault.target, case .disturb(let scope, let effect) = fault.kind.declaration.action else {
            return nil
        }
        var faults = MemoryFaults()
        switch (scope, effect) {
        case (.received, .apply(let kind)), (.receivedFromAll, .apply(let kind)):
            faults.incoming = [TrafficFault(kind, of: fault, seed: UInt64(planned.number) + 1)]
        case (.bothWays, .applyToOpenConnections): faults.stopsReceiving = true
        case (.everything, .apply):
            let direction = fault.text(.direction).flatMap(Fault.Direction.init) ?? .both
            faults.stopsReceiving = direction != .outward
            faults.stopsSending = direction != .inward
        case (_, .breakConnections), (_, .apply), (_, .applyToOpenConnections):
            return nil
        }
        self.effect = faults
        if case .applyToOpenConnections = effect { concernsOpenLinks = true } else { concernsOpenLinks = false }
        begin = nanoseconds
        end = fault.durationMilliseconds.map { nanoseconds + Int64($0) * 1_000_000 } ?? .max
    }
}

/// A copy of a frame that arrived through memory.
package struct CopiedFrame: Sendable, Equatable {
    package var header: SIMD8<UInt64>
    package var payload: [UInt8]
    /// Whether the payload has no checksum.
    package var isTrusted: Bool

    package init(header: SIMD8<UInt64>, payload: [UInt8], isTrusted: Bool) {
        self.header = header
        self.payload = payload
        self.isTrusted = isTrusted
    }

    fileprivate var byteCount: Int { MemoryLayout<SIMD8<UInt64>>.size + payload.count }
}

/// Loses, repeats, changes, holds back and delays frames that arrive through memory. Time and faults are arguments.
///
/// Which frames are affected is drawn as in ``TrafficFault``, from the fault's seed and the frame's number. Memory is
/// not a wire: what may change on it is the announcement of a payload, so only the header of a frame is corrupted.
package struct MemoryFaultMachine {
    private struct Waiting {
        var frame: CopiedFrame
        var dueNanoseconds: Int64
    }

    private struct Held {
        var frame: CopiedFrame
        /// How many frames may still overtake it.
        var remainingCount: Int
        var dueNanoseconds: Int64
    }

    private var queue: [Waiting] = []
    private var held: Held?
    private var frameCount: UInt32 = 0
    /// When the last frame that a rate delayed has arrived.
    private var busyUntilNanoseconds: Int64 = 0

    package init() {}

    /// Whether frames wait in here.
    package var isEmpty: Bool { queue.isEmpty && held == nil }

    /// A frame arrived.
    package mutating func take(_ arriving: CopiedFrame, _ faults: MemoryFaults, nanoseconds: Int64) {
        var frame = arriving
        frameCount &+= 1
        let draw = FaultDraw(
            connection: ConnectionIdentity(route: 0, number: 0, client: nil), direction: .toTarget, isMessage: true,
            ordinal: frameCount)
        func affecting(_ kind: FaultKind) -> TrafficFault? {
            faults.incoming.first { $0.kind == kind && draw.isAffected(by: $0) }
        }
        if affecting(.drop) != nil { return }
        if let fault = affecting(.corrupt) {
            let bit = draw.index(below: MemoryLayout<SIMD8<UInt64>>.size * 8, fault)
            frame.header[bit / 64] ^= 1 << UInt64(bit % 64)
        }
        if held == nil, let fault = affecting(.reorder) {
            held = Held(
                frame: frame, remainingCount: fault.behindCount,
                dueNanoseconds: nanoseconds + Int64(fault.milliseconds) * 1_000_000)
            return
        }
        append(frame, faults, draw, nanoseconds)
        if affecting(.duplicate) != nil { append(frame, faults, draw, nanoseconds) }
        guard let waiting = held else { return }
        held?.remainingCount -= 1
        if waiting.remainingCount <= 1 { release(waiting, nanoseconds) }
    }

    private mutating func append(_ frame: CopiedFrame, _ faults: MemoryFaults, _ draw: FaultDraw, _ now: Int64) {
        var due = now
        for fault in faults.incoming where fault.kind == .delay && draw.isAffected(by: fault) {
            due += Int64(fault.milliseconds) * 1_000_000
        }
        for fault in faults.incoming where fault.kind == .throttle {
            let duration = Double(frame.byteCount) * 1e9 / Double(fault.bytesPerSecond)
            due = max(due, busyUntilNanoseconds) + Int64(min(duration, 3.6e12))
            busyUntilNanoseconds = due
        }
        queue.append(Waiting(frame: frame, dueNanoseconds: due))
    }

    private mutating func release(_ waiting: Held, _ now: Int64) {
        held = nil
        queue.append(Waiting(frame: waiting.frame, dueNanoseconds: now))
    }

    /// The next frame that is due; frames keep their order, as on a connection.
    package mutating func next(_ faults: MemoryFaults, nanoseconds: Int64) -> CopiedFrame? {
        guard !faults.stopsReceiving else { return nil }
        if let waiting = held,
            nanoseconds >= waiting.dueNanoseconds || !faults.incoming.contains(where: { $0.kind == .reorder })
        {
            release(waiting, nanoseconds)
        }
        guard let first = queue.first, nanoseconds >= first.dueNanoseconds else { return nil }
        return queue.removeFirst().frame
    }
}
