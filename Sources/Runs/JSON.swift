/// Writes JSON.
package enum JSONText {
    /// A string in quotes, with the escapes that JSON requires.
    package static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// A value of JSON in memory, for short records whose keys are not all known, such as lines of logs.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A number without fraction and exponent that fits 64 bits.
    case whole(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The value as JSON in one line; the members of an object are in the order of their keys.
    package var text: String {
        switch self {
        case .null: "null"
        case .boolean(let value): String(value)
        case .whole(let value): String(value)
        case .number(let value): value.description
        case .string(let text): JSONText.string(text)
        case .array(let elements): "[\(elements.map(\.text).joined(separator: ","))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\(JSONText.string($0)):\($1.text)" }.joined(separator: ","))}"
        }
    }

    /// Deeper nesting is refused.
    private static let depthLimit = 16

    /// Reads the one value that `bytes` hold, with white space around it.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        scanner.skipWhitespace()
        self = try Self.read(&scanner, depth: 0)
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw scanner.failure("more text follows") }
    }

    private static func read(_ scanner: inout JSONScanner, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth < depthLimit else { throw scanner.failure("nesting is too deep") }
        switch scanner.next {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try scanner.object { (scanner, key) throws(JSONSyntaxError) in
                members[key] = try read(&scanner, depth: depth + 1)
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try scanner.array { (scanner) throws(JSONSyntaxError) in
                elements.append(try read(&scanner, depth: depth + 1))
            }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return .boolean(false)
        default:
            guard let text = try scanner.numberText() else { return .null }
            if let value = Int(text) { return .whole(value) }
            guard let value = Double(text), value.isFinite else { throw scanner.failure("expected a value") }
            return .number(value)
        }
    }

    /// The members of an object; nil for another kind of value, as below.
    package var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    package var string: String? { if case .string(let text) = self { text } else { nil } }

    package var whole: Int? { if case .whole(let value) = self { value } else { nil } }

    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    /// Any number.
    package var number: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
