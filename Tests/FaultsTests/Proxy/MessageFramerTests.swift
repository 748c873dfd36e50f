import Testing

@testable import Faults

/// Bytes of ZMTP as a peer would send them.
enum Wire {
    static let greeting: [UInt8] =
        [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
    static let ready: [UInt8] = [4, 6, 5] + Array("READY".utf8)
    static let ping: [UInt8] = [4, 7, 4] + Array("PING".utf8) + [0, 100]

    static func frame(_ body: [UInt8], more: Bool = false, long: Bool = false) -> [UInt8] {
        guard long || body.count > 255 else { return [more ? 1 : 0, UInt8(body.count)] + body }
        return [more ? 3 : 2] + (0..<8).map { UInt8(truncatingIfNeeded: body.count >> (56 - 8 * $0)) } + body
    }

    static func message(_ bodies: [[UInt8]]) -> [UInt8] {
        bodies.enumerated().flatMap { frame($1, more: $0 + 1 < bodies.count) }
    }
}

extension MessageFramer {
    /// The pieces of a stream that arrives in parts of so many bytes; raw pieces that touch are one.
    static func pieces(
        of stream: [UInt8], partByteCount: Int, byteLimit: Int = 1 << 20
    ) throws -> (pieces: [StreamPiece], rest: [UInt8]) {
        var framer = MessageFramer(byteLimit: byteLimit)
        var pieces: [StreamPiece] = []
        for start in stride(from: 0, to: stream.count, by: partByteCount) {
            let part = stream[start..<min(stream.count, start + partByteCount)]
            var found: [StreamPiece] = []
            try part.withUnsafeBytes { try framer.append($0, to: &found) }
            for piece in found {
                if piece.kind == .raw, pieces.last?.kind == .raw {
                    pieces[pieces.count - 1].bytes += piece.bytes
                } else {
                    pieces.append(piece)
                }
            }
        }
        return (pieces, framer.takeRest())
    }
}

@Suite("Messages in a stream")
struct MessageFramerTests {
    private static let partByteCounts = [1, 2, 3, 7, 64, 65, 1000, 100_000]

    @Test("Greeting, commands and messages are found however the stream is cut", arguments: partByteCounts)
    func wholeStream(partByteCount: Int) throws {
        let header = [UInt8](repeating: 5, count: 64)
        let first = Wire.message([header, [UInt8](repeating: 9, count: 3000)])
        let second = Wire.message([[]])
        let stream = Wire.greeting + Wire.ready + first + Wire.ping + second
        let (pieces, rest) = try MessageFramer.pieces(of: stream, partByteCount: partByteCount)
        #expect(
            pieces == [
                StreamPiece(kind: .raw, bytes: Wire.greeting), StreamPiece(kind: .command, bytes: Wire.ready),
                StreamPiece(kind: .message, bytes: first), StreamPiece(kind: .command, bytes: Wire.ping),
                StreamPiece(kind: .message, bytes: second),
            ])
        #expect(rest.isEmpty)
    }

    @Test("A heartbeat between two frames of a message goes ahead of it", arguments: partByteCounts)
    func heartbeatWithin(partByteCount: Int) throws {
        let (head, tail) = (Wire.frame([1, 2], more: true), Wire.frame([3], long: true))
        let (pieces, _) = try MessageFramer.pieces(
            of: Wire.greeting + head + Wire.ping + tail, partByteCount: partByteCount)
        #expect(pieces.dropFirst().map(\.bytes) == [Wire.ping, head + tail])
    }

    @Test("Each part of the greeting is forwarded at once")
    func greetingPasses() throws {
        var framer = MessageFramer(byteLimit: 100)
        var pieces: [StreamPiece] = []
        Wire.greeting[..<11].withUnsafeBytes { bytes in try? framer.append(bytes, to: &pieces) }
        #expect(pieces == [StreamPiece(kind: .raw, bytes: Array(Wire.greeting[..<11]))])
    }

    @Test(
        "Bytes that are not ZMTP 3 pass raw and whole",
        arguments: [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7E, 3],
            [0xFF] + [UInt8](repeating: 0, count: 80),
            Array(Wire.greeting[..<10]) + [1, 0, 0, 0], Wire.greeting + [0x80, 1, 2, 3], Wire.greeting + [5, 0, 0, 0],
            Wire.greeting + Wire.frame([1, 2], more: true) + [0xFF, 7],
        ])
    func foreign(stream: [UInt8]) throws {
        for partByteCount in Self.partByteCounts {
            let (pieces, rest) = try MessageFramer.pieces(of: stream, partByteCount: partByteCount)
            #expect(pieces.allSatisfy { $0.kind == .raw } && pieces.flatMap(\.bytes) + rest == stream)
        }
    }

    @Test("A frame or message beyond the limit is refused before its bytes are held")
    func tooLong() throws {
        let endless = Wire.greeting + [2] + [UInt8](repeating: 0xFF, count: 8)
        #expect(throws: MessageTooLong(byteCount: .max, limit: 1000)) {
            try MessageFramer.pieces(of: endless, partByteCount: 5, byteLimit: 1000)
        }
        let many = Wire.greeting + (0..<600).flatMap { _ in Wire.frame([], more: true) }
        #expect(throws: MessageTooLong.self) {
            try MessageFramer.pieces(of: many, partByteCount: 5, byteLimit: 1000)
        }
        let exact = Wire.frame([UInt8](repeating: 1, count: 991))
        #expect(throws: Never.self) {
            try MessageFramer.pieces(of: Wire.greeting + exact, partByteCount: 5, byteLimit: 1000)
        }
        #expect(throws: MessageTooLong.self) {
            try MessageFramer.pieces(of: Wire.greeting + exact, partByteCount: 5, byteLimit: 999)
        }
    }

    @Test("The part of a message that arrived before its stream ended is left over")
    func cutWithinFrame() throws {
        let whole = Wire.message([[1, 2, 3], [4, 5, 6]])
        for count in 1..<whole.count {
            let (pieces, rest) = try MessageFramer.pieces(of: Wire.greeting + whole[..<count], partByteCount: 3)
            #expect(pieces.count == 1 && rest == Array(whole[..<count]))
        }
    }

    @Test("Bytes of bodies are found behind all flags and lengths")
    func content() {
        let message = Wire.frame([1, 2], more: true) + Wire.frame([], more: true) + Wire.frame([3, 4, 5], long: true)
        #expect(MessageContent.byteCount(of: message) == 5)
        let bytes = (0..<5).map { MessageContent.position(ofByte: $0, in: message).map { message[$0] } }
        #expect(bytes == [1, 2, 3, 4, 5])
        #expect(MessageContent.position(ofByte: 5, in: message) == nil)
    }
}
