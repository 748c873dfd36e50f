/// A part of a stream that is forwarded as a whole.
struct StreamPiece: Equatable {
    enum Kind: Equatable {
        /// Of a greeting, of a stream in another protocol, or the rest of one that ended within a frame.
        case raw
        /// A command of ZMTP: a handshake's or a heartbeat.
        case command
        /// All frames of one message.
        case message
    }

    var kind: Kind
    /// As they came, with all flags and lengths.
    var bytes: [UInt8]
}

/// The first bytes of every ZMTP frame.
struct FrameHead: Equatable {
    var hasMore: Bool
    var isCommand: Bool
    /// Bytes of flags and length.
    var headByteCount: Int
    /// The length that the frame announces; it may be anything.
    var bodyByteCount: UInt64

    enum Reading: Equatable {
        case head(FrameHead)
        /// More bytes are needed.
        case incomplete
        /// No frame of ZMTP 3 begins so.
        case foreign
    }

    /// Reads flags (bit 0 more, bit 1 long, bit 2 command) and a length of 1 byte, or of 8 in big-endian order.
    static func read(_ bytes: some RandomAccessCollection<UInt8>) -> Reading {
        guard let flags = bytes.first else { return .incomplete }
        let hasMore = flags & 1 != 0
        let isCommand = flags & 4 != 0
        guard flags & 0xF8 == 0, !(hasMore && isCommand) else { return .foreign }
        let lengthByteCount = flags & 2 != 0 ? 8 : 1
        guard bytes.count > lengthByteCount else { return .incomplete }
        let length = bytes.dropFirst().prefix(lengthByteCount).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return .head(
            FrameHead(
                hasMore: hasMore, isCommand: isCommand, headByteCount: 1 + lengthByteCount, bodyByteCount: length))
    }

    /// The longest head, in bytes.
    static let byteLimit = 9
}
