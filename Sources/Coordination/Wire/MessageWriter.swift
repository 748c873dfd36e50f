import Core

/// Appends fields in little-endian order to a message.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    /// Starts a message of `type`; the body length is filled in by `finish`.
    init(type: UInt8, reservingByteCount: Int = 256) {
        bytes.reserveCapacity(reservingByteCount + WireLimits.headerByteCount)
        bytes.append(contentsOf: [0x53, 0x56, WireLimits.protocolVersion, type, 0, 0, 0, 0])
    }

    /// The whole message.
    consuming func finish() -> [UInt8] {
        let bodyByteCount = UInt32(bytes.count - WireLimits.headerByteCount)
        for index in 0..<4 {
            bytes[4 + index] = UInt8(truncatingIfNeeded: bodyByteCount >> UInt32(8 * index))
        }
        precondition(bytes.count <= WireLimits.messageByteCount, "a message exceeds its bound")
        return bytes
    }

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }

    mutating func boolean(_ value: Bool) {
        bytes.append(value ? 1 : 0)
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
        bytes.append(contentsOf: kept.utf8)
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
        bytes.append(contentsOf: value)
    }

    mutating func digest(_ value: SHA256Digest) {
        bytes.append(contentsOf: value.bytes)
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
