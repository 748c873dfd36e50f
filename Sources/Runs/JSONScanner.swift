import Core

/// Where and why bytes are not the JSON that was expected.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    var offset: Int
    var problem: String
    /// The key that an object has twice, when that is the problem.
    var duplicateKey: String?

    package var description: String { "\(problem) at byte \(offset)" }
}

/// A strict reader of JSON. The caller states what must come next, so the depth of nesting is bounded by the caller.
struct JSONScanner {
    private let bytes: [UInt8]
    private(set) var offset: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    /// A scanner of a part of `bytes`; offsets are counted from the start of the whole.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a scanner beyond its bytes")
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }

    /// The next byte, or nil at the end.
    var next: UInt8? { offset < end ? bytes[offset] : nil }

    /// A byte that was already read.
    subscript(position: Int) -> UInt8 { bytes[position] }

    func failure(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(offset: offset, problem: problem) }

    mutating func skipByte() { offset += 1 }

    mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }

    mutating func expect(_ character: Unicode.Scalar) throws(JSONSyntaxError) {
        skipWhitespace()
        guard let byte = next, UInt32(byte) == character.value else { throw failure("expected \"\(character)\"") }
        offset += 1
    }

    /// Whether the next character is this one; it is then skipped.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard let byte = next, UInt32(byte) == character.value else { return false }
        offset += 1
        return true
    }

    mutating func literal(_ text: StaticString) throws(JSONSyntaxError) {
        skipWhitespace()
        let count = text.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: count)
        guard end - offset >= count, bytes[offset..<offset + count].elementsEqual(expected) else {
            throw failure("expected \(text)")
        }
        offset += count
    }

    /// Reads `{…}`, calling `member` at each value with its key. Offsets of errors about a key are where it ends.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try expect("{")
        if skip("}") { return }
        var keys: Set<String> = []
        repeat {
            skipWhitespace()
            let key = try string()
            guard keys.insert(key).inserted else {
                throw JSONSyntaxError(offset: offset, problem: "duplicate key \(quoted(key))", duplicateKey: key)
            }
            try expect(":")
            skipWhitespace()
            try member(&self, key)
        } while skip(",")
        try expect("}")
    }

    /// Reads `[…]`, calling `element` at each value.
    mutating func array(_ element: (inout JSONScanner) throws(JSONSyntaxError) -> Void) throws(JSONSyntaxError) {
        try expect("[")
        if skip("]") { return }
        repeat {
            skipWhitespace()
            try element(&self)
        } while skip(",")
        try expect("]")
    }
}

extension JSONScanner {
    /// A whole number from 0 without sign, fraction or exponent.
    mutating func nonNegativeInteger() throws(JSONSyntaxError) -> Int {
        let start = offset
        var value = 0
        while let byte = next, (0x30...0x39).contains(byte) {
            let (scaled, scaleOverflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = scaled.addingReportingOverflow(Int(byte - 0x30))
            guard !scaleOverflow, !sumOverflow else { throw failure("a number that overflows 63 bits") }
            value = sum
            skipByte()
        }
        guard offset > start else { throw failure("expected a whole number from 0") }
        guard offset - start == 1 || self[start] != 0x30 else { throw failure("a number with leading zeros") }
        if let byte = next, byte == 0x2E || byte == 0x65 || byte == 0x45 { throw failure("expected a whole number") }
        return value
    }

    /// A number, or nil for `null`.
    mutating func number() throws(JSONSyntaxError) -> Double? {
        guard let text = try numberText() else { return nil }
        guard let value = Double(text), value.isFinite else { throw failure("expected a number") }
        return value
    }

    /// A number rounded once to single precision, or nil for `null`.
    mutating func singlePrecisionNumber() throws(JSONSyntaxError) -> Float? {
        guard let text = try numberText() else { return nil }
        guard let value = Float(text), value.isFinite else { throw failure("expected a number") }
        return value
    }

    /// The characters of a number, or nil for `null`.
    mutating func numberText() throws(JSONSyntaxError) -> String? {
        if next == 0x6E {
            try literal("null")
            return nil
        }
        var text = ""
        while let byte = next, text.utf8.count < 40 {
            let character = Unicode.Scalar(byte)
            guard ("0"..."9").contains(character) || "+-.eE".unicodeScalars.contains(character) else { break }
            text.unicodeScalars.append(character)
            skipByte()
        }
        return text
    }

    /// A string with its escapes resolved.
    mutating func string() throws(JSONSyntaxError) -> String {
        guard next == 0x22 else { throw failure("expected a string") }
        skipByte()
        var text: [UInt8] = []
        while true {
            guard let byte = next else { throw failure("a string that does not end") }
            skipByte()
            switch byte {
            case 0x22:
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("a string that is not UTF-8")
                }
                return string
            case 0x5C: text += try escape()
            case 0..<0x20: throw failure("a control character in a string")
            default: text.append(byte)
            }
        }
    }

    /// The UTF-8 of what follows a backslash.
    private mutating func escape() throws(JSONSyntaxError) -> [UInt8] {
        guard let byte = next else { throw failure("a string that does not end") }
        skipByte()
        switch byte {
        case 0x22, 0x5C, 0x2F: return [byte]
        case 0x62: return [0x08]
        case 0x66: return [0x0C]
        case 0x6E: return [0x0A]
        case 0x72: return [0x0D]
        case 0x74: return [0x09]
        case 0x75: return Array(String(Character(try unicodeEscape())).utf8)
        default: throw failure("an unknown escape")
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that are a surrogate pair.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), next == 0x5C else { throw failure("half a surrogate pair") }
        skipByte()
        guard next == 0x75 else { throw failure("half a surrogate pair") }
        skipByte()
        let second = try fourHexadecimalDigits()
        guard (0xDC00...0xDFFF).contains(second) else { throw failure("half a surrogate pair") }
        guard let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else {
            throw failure("half a surrogate pair")
        }
        return scalar
    }

    private mutating func fourHexadecimalDigits() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            skipByte()
        }
        return value
    }
}
