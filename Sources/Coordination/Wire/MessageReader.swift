import Core

/// Reads fields in little-endian order; every length is checked before anything is allocated, and nothing traps.
struct MessageReader {
    private let bytes: [UInt8]
    private var position: Int
    /// The message type from the header.
    let type: UInt8

    /// Checks the header. Throws when it is not one of this version or its length is not that of the body.
    init(_ bytes: [UInt8]) throws(MessageError) {
        guard bytes.count <= WireLimits.messageByteCount else { throw .tooLong(field: "message") }
        guard bytes.count >= 3 else { throw .truncated }
        guard bytes[0] == 0x53, bytes[1] == 0x56 else { throw .notAMessage }
        guard bytes[2] == WireLimits.protocolVersion else { throw .otherVersion(found: bytes[2]) }
        guard bytes.count >= WireLimits.headerByteCount else { throw .truncated }
        self.bytes = bytes
        type = bytes[3]
        position = 4
        let bodyByteCount = Int(try integer(UInt32.self, "body length"))
        guard bodyByteCount >= remaining else { throw .trailingBytes(count: remaining - bodyByteCount) }
        guard bodyByteCount == remaining else { throw .truncated }
    }

    private var remaining: Int { bytes.count - position }

    /// Throws when bytes are left.
    func finish() throws(MessageError) {
        guard remaining == 0 else { throw .trailingBytes(count: remaining) }
    }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type, _ field: String) throws(MessageError) -> Value {
        let byteCount = Value.bitWidth / 8
        guard remaining >= byteCount else { throw .truncated }
        var result: Value = 0
        for index in 0..<byteCount {
            result |= Value(truncatingIfNeeded: bytes[position + index]) << Value(8 * index)
        }
        position += byteCount
        return result
    }

    /// A number of steps, rounds or generations.
    mutating func number(_ field: String) throws(MessageError) -> UInt64 {
        let value = try integer(UInt64.self, field)
        guard value <= WireLimits.largestNumber else { throw .invalid(field: field) }
        return value
    }

    mutating func boolean(_ field: String) throws(MessageError) -> Bool {
        switch try integer(UInt8.self, field) {
        case 0: return false
        case 1: return true
        default: throw .invalid(field: field)
        }
    }

    mutating func double(_ field: String) throws(MessageError) -> Double {
        Double(bitPattern: try integer(UInt64.self, field))
    }

    private mutating func take(_ byteCount: Int) throws(MessageError) -> ArraySlice<UInt8> {
        guard remaining >= byteCount else { throw .truncated }
        defer { position += byteCount }
        return bytes[position..<position + byteCount]
    }

    private mutating func length(_ field: String, limit: Int) throws(MessageError) -> Int {
        let count = try integer(UInt32.self, field)
        guard count <= limit else { throw .tooLong(field: field) }
        return Int(count)
    }

    mutating func text(_ field: String, limit: Int) throws(MessageError) -> String {
        let count = try length(field, limit: limit)
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw .invalid(field: field) }
        return text
    }

    /// A text without line breaks and other control characters, which would break a log or a terminal.
    mutating func line(_ field: String, limit: Int) throws(MessageError) -> String {
        let text = try text(field, limit: limit)
        guard !text.unicodeScalars.contains(where: \.breaksLine) else { throw .invalid(field: field) }
        return text
    }

    mutating func block(_ field: String, limit: Int) throws(MessageError) -> [UInt8] {
        let count = try length(field, limit: limit)
        return Array(try take(count))
    }

    mutating func digest(_ field: String) throws(MessageError) -> SHA256Digest {
        guard let digest = SHA256Digest(bytes: Array(try take(SHA256Digest.byteCount))) else {
            throw .invalid(field: field)
        }
        return digest
    }

    mutating func value<Value: WireValue>(_: Value.Type) throws(MessageError) -> Value {
        try Value(from: &self)
    }

    mutating func optional<Value: WireValue>(_ type: Value.Type, _ field: String) throws(MessageError) -> Value? {
        try boolean(field) ? try value(type) : nil
    }

    mutating func list<Value: WireValue>(
        _ type: Value.Type, _ field: String, limit: Int
    ) throws(MessageError) -> [Value] {
        let count = try length(field, limit: limit)
        var result: [Value] = []
        for _ in 0..<count {
            result.append(try value(type))
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether it has no place in a line of text.
    var breaksLine: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
