/// A frame or message is longer than the proxy holds: its connection has to end.
struct MessageTooLong: Error, Equatable {
    var byteCount: UInt64
    var limit: Int
}

/// Cuts one direction of a connection into greeting, commands and messages, as ZMTP 3 has them.
///
/// The greeting's 64 bytes pass as they come, for each side sends its second half only after the other's first. Where
/// the bytes are not those of ZMTP 3, everything from there on passes raw.
struct MessageFramer: ~Copyable {
    private enum State {
        /// So many bytes of the greeting have passed.
        case greeting(Int)
        /// Within the flags and length of a frame.
        case head
        /// So many bytes of the frame's body are still to come.
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

    /// Takes bytes as they arrive, and adds what is complete to `pieces`.
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

    /// What was held when the stream ended within a message; in the order in which it came, commands first.
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
            // A heartbeat may come between two frames of a message: it overtakes the message.
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
