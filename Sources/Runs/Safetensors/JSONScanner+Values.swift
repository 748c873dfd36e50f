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
    private mutating func numberText() throws(JSONSyntaxError) -> String? {
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
