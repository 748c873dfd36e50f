import Core
import Transport

/// What two doctors send to each other, beside the questions that a coordinator answers too.
///
/// Frames have 4 bytes of header ("SD", version, type) and little-endian fields. The keys of the connection protect
/// them.
enum PairMessage: Sendable, Equatable {
    /// The caller asks the listener to connect to this numeric address.
    case connectBack(host: String, port: UInt16)
    /// The listener's answer.
    case connectedBack(TCPReach)
    /// Bytes that are sent to measure how fast they arrive.
    case payload(byteCount: Int)
    /// The answer to each payload.
    case taken(byteCount: UInt32)
    /// The caller asks the listener to send payloads for so long.
    case sendPayloads(milliseconds: UInt32)
    /// No more payloads follow.
    case payloadsEnded
    /// The caller asks for the listener's counts of their connection.
    case countersWanted
    case counters(TCPCounters)

    private static let magic: [UInt8] = [0x53, 0x44]
    private static let version: UInt8 = 1
    private static let headerByteCount = 4
    /// The longest numeric address with an interface, and the longest reason.
    private static let textByteCount = 200
    /// Longer payloads are refused by the socket.
    static let payloadByteCount = 1 << 16
    /// The longest time for payloads in one direction.
    static let longestMilliseconds: UInt32 = 10_000

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: Self.magic + [Self.version, type])
        switch self {
        case .connectBack(let host, let port):
            writer.append(port)
            writer.append(contentsOf: host.utf8.prefix(Self.textByteCount))
        case .connectedBack(let reach):
            writer.append(reach.code)
            writer.append(contentsOf: reach.reason.utf8.prefix(Self.textByteCount))
        case .payload(let byteCount): writer.append(contentsOf: Self.payloadBytes.prefix(byteCount))
        case .taken(let byteCount): writer.append(byteCount)
        case .sendPayloads(let milliseconds): writer.append(milliseconds)
        case .payloadsEnded, .countersWanted: break
        case .counters(let counters):
            for count in [
                counters.sentSegmentCount, counters.repeatedSegmentCount, counters.needlessRepetitionCount,
                counters.disorderedSegmentCount,
            ] { writer.append(UInt32(clamping: count)) }
        }
        return writer.bytes
    }

    /// Nil for a frame of anything else. Never traps, whatever the bytes are.
    init?(decoding frame: [UInt8]) {
        guard frame.count >= Self.headerByteCount, frame.starts(with: Self.magic + [Self.version]) else { return nil }
        var reader = ByteReader(frame.dropFirst(Self.headerByteCount))
        switch frame[3] {
        case 1:
            guard let port = reader.integer(UInt16.self), let host = Self.text(reader.rest()) else { return nil }
            self = .connectBack(host: host, port: port)
        case 2:
            guard let code = reader.integer(UInt8.self), let reason = Self.text(reader.rest()),
                let reach = TCPReach(code: code, reason: reason)
            else { return nil }
            self = .connectedBack(reach)
        case 3: self = .payload(byteCount: reader.rest().count)
        case 4:
            guard let byteCount = reader.integer(UInt32.self) else { return nil }
            self = .taken(byteCount: byteCount)
        case 5:
            guard let milliseconds = reader.integer(UInt32.self), milliseconds <= Self.longestMilliseconds else {
                return nil
            }
            self = .sendPayloads(milliseconds: milliseconds)
        case 6: self = .payloadsEnded
        case 7: self = .countersWanted
        case 8:
            guard let counts = reader.integers(UInt32.self, count: 4) else { return nil }
            self = .counters(
                TCPCounters(
                    sentSegmentCount: Int(counts[0]), repeatedSegmentCount: Int(counts[1]),
                    needlessRepetitionCount: Int(counts[2]), disorderedSegmentCount: Int(counts[3])))
        default: return nil
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count <= textByteCount else { return nil }
        return String(validating: bytes, as: UTF8.self).map { escaped($0) }
    }

    private var type: UInt8 {
        switch self {
        case .connectBack: 1
        case .connectedBack: 2
        case .payload: 3
        case .taken: 4
        case .sendPayloads: 5
        case .payloadsEnded: 6
        case .countersWanted: 7
        case .counters: 8
        }
    }

    /// Nothing between the hosts can compress them.
    private static let payloadBytes: [UInt8] = {
        var generator = SystemRandomNumberGenerator()
        return (0..<payloadByteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }()
}

extension TCPReach {
    fileprivate var code: UInt8 {
        switch self {
        case .connected: 0
        case .refused: 1
        case .timedOut: 2
        case .unreachable: 3
        case .unknownHost: 4
        }
    }

    fileprivate var reason: String {
        if case .unreachable(let reason) = self { reason } else { "" }
    }

    fileprivate init?(code: UInt8, reason: String) {
        switch code {
        case 0: self = .connected
        case 1: self = .refused
        case 2: self = .timedOut
        case 3: self = .unreachable(reason)
        case 4: self = .unknownHost
        default: return nil
        }
    }
}
