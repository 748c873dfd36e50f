import Core
import Glibc
import Transport

/// Measures what only two doctors can: whether the listener reaches this host too, and how fast bytes arrive in each
/// direction.
struct PairCaller {
    private let link: QuestionLink
    /// The address and the port of this host to which the listener connects; port 0 is a free one.
    private let ownAddress: String
    private let ownPort: UInt16

    /// `ownAddress` is numeric.
    init(_ link: QuestionLink, ownAddress: String, port: UInt16) {
        self.link = link
        self.ownAddress = ownAddress
        ownPort = port
    }

    private static let answerMilliseconds = 8000
    private static let payloadMilliseconds = 1000

    /// What the other side's kernel has counted on the connection.
    func otherCounters() throws -> TCPCounters? {
        try link.send(.countersWanted)
        return try answer(within: Self.answerMilliseconds) { message in
            if case .counters(let counters) = message { counters } else { nil }
        }
    }

    /// Whether the other side reaches a port of this host, as it would reach a worker's; nil without an answer.
    func wayBack() throws -> LinkFacts.WayBack? {
        let port = try ListeningPort(address: ownAddress, port: ownPort)
        try link.send(.connectBack(host: ownAddress, port: port.number))
        let reach = try answer(within: Self.answerMilliseconds) { message in
            if case .connectedBack(let reach) = message { reach } else { nil }
        }
        let address = Endpoint.tcp(host: ownAddress, port: port.number).description
        return reach.map { LinkFacts.WayBack(address: address, reach: $0) }
    }

    /// Megabits a second from here to the other side.
    func bandwidthThere() throws -> Double {
        var window = PayloadWindow(milliseconds: Self.payloadMilliseconds, now: .now)
        while !window.isOver(now: .now) {
            while window.isOpen(now: .now), try link.send(.payload(byteCount: PairMessage.payloadByteCount)) {
                window.noteSent()
            }
            guard let frame = try link.nextFrame(until: Deadline(afterMilliseconds: 50)),
                case .taken(let byteCount) = PairMessage(decoding: frame)
            else { continue }
            window.noteTaken(byteCount: Int(byteCount), now: .now)
        }
        return window.megabitsPerSecond
    }

    /// Megabits a second from the other side to here; nil without an answer.
    func bandwidthBack() throws -> Double? {
        let start = MonotonicTime.now
        var (last, sum) = (start, 0)
        try link.send(.sendPayloads(milliseconds: UInt32(Self.payloadMilliseconds)))
        let isOver: Bool? = try answer(within: Self.payloadMilliseconds + 2 * Self.answerMilliseconds) { message in
            switch message {
            case .payload(let byteCount):
                (last, sum) = (.now, sum + byteCount)
                _ = try link.send(.taken(byteCount: UInt32(clamping: byteCount)))
                return nil
            case .payloadsEnded: return true
            default: return nil
            }
        }
        guard isOver != nil, last > start else { return nil }
        return Double(sum) * 8 * 1000 / Double(last.nanoseconds - start.nanoseconds)
    }

    /// Calls `take` with each message until it returns a value; nil when the time is over.
    private func answer<Value>(within milliseconds: Int, _ take: (PairMessage) throws -> Value?) throws -> Value? {
        let deadline = Deadline(afterMilliseconds: milliseconds)
        while let frame = try link.nextFrame(until: deadline) {
            if let message = PairMessage(decoding: frame), let value = try take(message) { return value }
        }
        return nil
    }
}
