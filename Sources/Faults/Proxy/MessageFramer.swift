/// A frame or message is longer than the proxy's limit: its connection ends.
struct MessageTooLong: Error, Equatable {
    var byteCount: UInt64
    var limit: Int
}

/// Cuts one direction of a connection into greeting, commands and messages, as ZMTP 3 has them.
///
/// The greeting's 64 bytes are forwarded at once, because each side sends its second half only after the other's first.
/// Bytes that are not ZMTP 3, and all that follow them, are forwarded raw.
struct MessageFramer: ~Copyable {
    private enum State {
        /// This many bytes of the greeting were forwarded.
        case greeting(Int)
        /// In the flags and length of a frame.
        case head
        /// This many bytes of the frame's body are missing.
        case body(FrameHead, remaining: Int)
        case foreign
    }

    static let greetingByteCount = 64

    private let byteLimit: Int
    private var state = State.greeting(0)
    private var head: [UInt8] = []
    private var command: [UInt8] = []
    private var message: [UInt8] = []

    /// `byteLimit`: the most bytes of a message with all its heads, or of a command.
    init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Appends received bytes, and adds complete pieces to `pieces`.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer, to pieces: inout [StreamPiece]
    ) throws(MessageTooLong) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .greeting(let passed): takeGreeting(passed, &rest, &pieces)
            case .head: try takeHead(&rest, &pieces)
            case .body(let head, let remaining): takeBody(head, remaining, &rest, &pieces)
            case .foreign:
                pieces.append(StreamPiece(kind: .raw, bytes: Array(UnsafeRawBufferPointer(rebasing: rest))))
                rest = rest.dropFirst(rest.count)
            }
        }
    }

    /// The bytes held when the stream ended within a message, in the order of arrival, commands first.
    mutating func takeRest() -> [UInt8] {
        let rest = message + command + head
        (message, command, head) = ([], [], [])
        state = .foreign
        return rest
    }
}

extension MessageFramer {
    /// Byte 0 is 0xFF and byte 9 is 0x7F in every version's signature; byte 10 is the major version.
    private mutating func takeGreeting(
        _ passed: Int, _ rest: inout Slice<UnsafeRawBufferPointer>, _ pieces: inout [StreamPiece]
    ) {
        let part = rest.prefix(Self.greetingByteCount - passed)
        let isGreeting = part.enumerated().allSatisfy { offset, byte in
            switch passed + offset {
            case 0: byte == 0xFF
            case 9: byte == 0x7F
            case 10: byte >= 3
            default: true
            }
        }
        guard isGreeting else {
            state = .foreign
            return
        }
        pieces.append(StreamPiece(kind: .raw, bytes: Array(part)))
        rest = rest.dropFirst(part.count)
        state = passed + part.count == Self.greetingByteCount ? .head : .greeting(passed + part.count)
    }

    private mutating func takeHead(
        _ rest: inout Slice<UnsafeRawBufferPointer>, _ pieces: inout [StreamPiece]
    ) throws(MessageTooLong) {
        head.append(rest.removeFirst())
        switch FrameHead.read(head) {
        case .incomplete: break
        case .foreign:
            let held = takeRest()
            pieces.append(StreamPiece(kind: .raw, bytes: held))
        case .head(let frame):
            let held = (frame.isCommand ? 0 : message.count) + frame.headByteCount
            guard held <= byteLimit, frame.bodyByteCount <= UInt64(byteLimit - held) else {
                throw MessageTooLong(byteCount: frame.bodyByteCount, limit: byteLimit)
            }
            // A heartbeat between two frames of a message overtakes the message.
            if frame.isCommand { command += head } else { message += head }
            head.removeAll(keepingCapacity: true)
            let remaining = Int(frame.bodyByteCount)
            state = .body(frame, remaining: remaining)
            if remaining == 0 { endFrame(frame, &pieces) }
        }
    }

    private mutating func takeBody(
        _ frame: FrameHead, _ remaining: Int, _ rest: inout Slice<UnsafeRawBufferPointer>,
        _ pieces: inout [StreamPiece]
    ) {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(remaining))
        if frame.isCommand {
            command.append(contentsOf: part)
        } else {
            message.append(contentsOf: part)
        }
        rest = rest.dropFirst(part.count)
        if part.count == remaining {
            endFrame(frame, &pieces)
        } else {
            state = .body(frame, remaining: remaining - part.count)
        }
    }

    private mutating func endFrame(_ frame: FrameHead, _ pieces: inout [StreamPiece]) {
        state = .head
        if frame.isCommand {
            pieces.append(StreamPiece(kind: .command, bytes: command))
            command = []
        } else if !frame.hasMore {
            pieces.append(StreamPiece(kind: .message, bytes: message))
            message = []
        }
    }
}

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
    /// As received, with all flags and lengths.
    var bytes: [UInt8]
}

/// The first bytes of every ZMTP frame.
struct FrameHead: Equatable {
    var hasMore: Bool
    var isCommand: Bool
    /// Bytes of flags and length.
    var headByteCount: Int
    /// The length that the frame announces, not checked.
    var bodyByteCount: UInt64

    enum Reading: Equatable {
        case head(FrameHead)
        /// More bytes are needed.
        case incomplete
        /// Not a frame of ZMTP 3.
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

/// The bodies of a message's frames, apart from the flags and lengths between them.
enum MessageContent {
    /// Bytes in all bodies of a complete message.
    static func byteCount(of message: [UInt8]) -> Int {
        var count = 0
        forEachBody(message) { count += $0.count }
        return count
    }

    /// The offset in the message of byte `index` of all bodies.
    static func position(ofByte index: Int, in message: [UInt8]) -> Int? {
        var remaining = index
        var position: Int?
        forEachBody(message) { body in
            if position == nil && remaining < body.count { position = body.lowerBound + remaining }
            remaining -= body.count
        }
        return position
    }

    private static func forEachBody(_ message: [UInt8], _ visit: (Range<Int>) -> Void) {
        var start = 0
        while start < message.count,
            case .head(let frame) = FrameHead.read(message[start..<min(message.count, start + FrameHead.byteLimit)])
        {
            let body = start + frame.headByteCount
            let end = body + Int(clamping: min(frame.bodyByteCount, UInt64(message.count - body)))
            visit(body..<end)
            start = end
        }
    }
}
