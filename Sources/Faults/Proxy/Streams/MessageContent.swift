/// The bodies of a message's frames, apart from the flags and lengths between them.
enum MessageContent {
    /// Bytes in all bodies of a complete message.
    static func byteCount(of message: [UInt8]) -> Int {
        var count = 0
        forEachBody(message) { count += $0.count }
        return count
    }

    /// Where in the message the byte of this number among all bodies' bytes is.
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
