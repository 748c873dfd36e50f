import Core

/// Where and why bytes are not the JSON that was expected.
struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    var offset: Int
    var problem: String
    /// The key that stands twice in an object, when that is the problem.
    var duplicateKey: String?

    var description: String { "\(problem) at byte \(offset)" }
}

/// A strict reader of JSON whose caller says what must come next, so that nesting is bounded by the caller's own.
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

    /// A byte that was already passed.
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
