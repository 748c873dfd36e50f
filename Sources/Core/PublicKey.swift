/// The public half of a CURVE key pair: 32 bytes, written in Z85 as 40 printable characters.
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    private let words: SIMD4<UInt64>

    /// A key that was stored as 32 bytes; nil for another length.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = SIMD4<UInt64>()
        for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        self.words = words
    }

    /// Reads 40 characters of Z85; nil for anything else.
    package init?(z85 text: some StringProtocol) {
        self.init(z85: text.utf8)
    }

    /// Reads 40 bytes of Z85; nil for anything else.
    package init?(z85 text: some Collection<UInt8>) {
        guard let bytes = Z85.decoded(text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// 40 characters of Z85.
    package var description: String { Z85.encoded(bytes) }

    /// The first 8 characters, enough to distinguish keys in a message.
    package var abbreviated: String { String(description.prefix(8)) }
}

/// ZeroMQ's text form of keys (RFC 32): four bytes as five printable characters, the most significant first.
package enum Z85 {
    private static let digits = Array(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)
    private static let noDigit: UInt8 = 255
    /// The value of each byte as a digit.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: noDigit, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// - Precondition: the number of bytes is a multiple of 4.
    package static func encoded(_ bytes: [UInt8]) -> String {
        precondition(bytes.count.isMultiple(of: 4), "Z85 encodes groups of four bytes")
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let value = bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            var divisor: UInt32 = 85 * 85 * 85 * 85
            while divisor > 0 {
                text.append(digits[Int(value / divisor % 85)])
                divisor /= 85
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for a length that is no multiple of 5, for another character, and for a group beyond 32 bits.
    package static func decoded(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 5) else { return nil }
        var bytes: [UInt8] = []
        var value: UInt64 = 0
        for (index, character) in text.enumerated() {
            let digit = values[Int(character)]
            guard digit != noDigit else { return nil }
            value = value * 85 + UInt64(digit)
            guard index % 5 == 4 else { continue }
            guard let group = UInt32(exactly: value) else { return nil }
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(shift))) }
            value = 0
        }
        return bytes
    }
}
