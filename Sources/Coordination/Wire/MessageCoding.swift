import Core

/// A value that can be a field of a message.
protocol WireValue {
    func encode(into writer: inout MessageWriter)
    init(from reader: inout MessageReader) throws(MessageError)
}

extension WireValue where Self: RawRepresentable, RawValue == UInt8 {
    func encode(into writer: inout MessageWriter) {
        writer.integer(rawValue)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        guard let value = Self(rawValue: try reader.integer(UInt8.self, "code")) else { throw .invalid(field: "code") }
        self = value
    }
}

extension SHA256Digest: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.digest(self)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        self = try reader.digest()
    }
}

extension PublicKey: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.bytes(bytes)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        guard let key = PublicKey(bytes: try reader.bytes(PublicKey.byteCount)) else { throw .truncated }
        self = key
    }
}

extension JobIdentifier: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(high)
        writer.integer(low)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let high = try reader.integer(UInt64.self, "job")
        self.init(high: high, low: try reader.integer(UInt64.self, "job"))
    }
}

/// Writes the header and the fields of one message.
struct MessageWriter {
    private var writer: ByteWriter

    /// Starts a message of `type`; the body length is filled in by `finish`.
    init(type: UInt8, reservingByteCount: Int = 256) {
        writer = ByteWriter(reservingByteCount: reservingByteCount + WireLimits.headerByteCount)
        writer.append(contentsOf: WireLimits.magic + [WireLimits.protocolVersion, type])
        writer.append(UInt32(0))
    }

    /// The whole message.
    consuming func finish() -> [UInt8] {
        let byteCount = writer.bytes.count
        precondition(byteCount <= WireLimits.messageByteCount, "a message exceeds its bound")
        let lengthOffset = WireLimits.headerByteCount - 4
        writer.replace(at: lengthOffset, with: UInt32(byteCount - WireLimits.headerByteCount))
        return writer.bytes
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        writer.append(value)
    }

    mutating func boolean(_ value: Bool) {
        integer(UInt8(value ? 1 : 0))
    }

    mutating func double(_ value: Double) {
        integer(value.bitPattern)
    }

    /// UTF-8 with a 32-bit length; cut at a character boundary when longer than `limit` bytes.
    mutating func text(_ value: String, limit: Int) {
        var kept = value[...]
        while kept.utf8.count > limit {
            kept = kept.dropLast(max(1, (kept.utf8.count - limit) / 32))
        }
        integer(UInt32(kept.utf8.count))
        writer.append(contentsOf: kept.utf8)
    }

    /// A text whose control characters become spaces.
    mutating func line(_ value: String, limit: Int) {
        guard value.unicodeScalars.contains(where: \.breaksLine) else { return text(value, limit: limit) }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: value.unicodeScalars.lazy.map { $0.breaksLine ? " " : $0 })
        text(String(line), limit: limit)
    }

    mutating func block(_ value: [UInt8], limit: Int) {
        precondition(value.count <= limit, "a block exceeds its bound")
        integer(UInt32(value.count))
        writer.append(contentsOf: value)
    }

    /// Bytes whose number the reader knows.
    mutating func bytes(_ value: [UInt8]) {
        writer.append(contentsOf: value)
    }

    mutating func digest(_ value: SHA256Digest) {
        writer.append(value)
    }

    mutating func value(_ value: some WireValue) {
        value.encode(into: &self)
    }

    mutating func optional(_ value: (some WireValue)?) {
        boolean(value != nil)
        value?.encode(into: &self)
    }

    mutating func list(_ values: [some WireValue], limit: Int) {
        precondition(values.count <= limit, "a list exceeds its bound")
        integer(UInt32(values.count))
        for value in values {
            value.encode(into: &self)
        }
    }
}

/// Checks the header and reads the fields of one message. Every length is checked before anything is allocated, and
/// nothing traps.
struct MessageReader {
    private var reader: ByteReader<[UInt8]>
    /// The message type from the header.
    let type: UInt8

    /// Throws when the header is not one of this version or its length is not that of the body.
    init(_ bytes: [UInt8]) throws(MessageError) {
        guard bytes.count <= WireLimits.messageByteCount else { throw .tooLong(field: "message") }
        reader = ByteReader(bytes)
        guard let magic = reader.bytes(2), let version = reader.integer(UInt8.self) else { throw .truncated }
        guard Array(magic) == WireLimits.magic else { throw .notAMessage }
        guard version == WireLimits.protocolVersion else { throw .otherVersion(found: version) }
        guard let type = reader.integer(UInt8.self), let bodyByteCount = reader.integer(UInt32.self) else {
            throw .truncated
        }
        self.type = type
        let remaining = reader.remainingByteCount
        guard bodyByteCount >= remaining else { throw .trailingBytes(count: remaining - Int(bodyByteCount)) }
        guard bodyByteCount == remaining else { throw .truncated }
    }

    /// Throws when bytes are left.
    func finish() throws(MessageError) {
        guard reader.isAtEnd else { throw .trailingBytes(count: reader.remainingByteCount) }
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type, _ field: String) throws(MessageError) -> Value {
        guard let value = reader.integer(type) else { throw .truncated }
        return value
    }

    /// A number of steps, rounds or generations: at most ``WireLimits/largestNumber``.
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
        guard let bytes = reader.bytes(byteCount) else { throw .truncated }
        return bytes
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

    mutating func bytes(_ count: Int) throws(MessageError) -> [UInt8] {
        Array(try take(count))
    }

    mutating func digest() throws(MessageError) -> SHA256Digest {
        guard let digest = reader.digest() else { throw .truncated }
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
    /// Whether it would end a line of text or control a terminal.
    var breaksLine: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
