import Core
internal import Yams

/// A value in the YAML text, with its place for messages.
struct YAMLField {
    let node: Node
    let source: String
    /// Such as `model.layers[2].dense`; empty for the whole.
    let key: String

    var isScalar: Bool {
        if case .scalar = node { true } else { false }
    }

    var line: Int? { node.mark?.line }

    func failure(_ problem: ExperimentError.Problem) -> ExperimentError {
        ExperimentError(source: source, line: line, key: key, problem: problem)
    }

    func wrongType(_ expected: String) -> ExperimentError {
        failure(.wrongType(expected: expected, found: found))
    }

    /// What stands here, in words.
    private var found: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar): isQuoted(scalar) ? "the text \(quoted(scalar.string))" : quoted(scalar.string)
        }
    }

    private func isQuoted(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .singleQuoted || scalar.style == .doubleQuoted
    }

    /// The text of a scalar that stands without quotes.
    private var plainText: String? {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
        return scalar.string
    }

    /// The elements of a list.
    func elements(_ expected: String) throws(ExperimentError) -> [YAMLField] {
        guard case .sequence(let sequence) = node else { throw wrongType(expected) }
        return sequence.enumerated().map { index, node in
            YAMLField(node: node, source: source, key: "\(key)[\(index)]")
        }
    }

    /// A scalar that is text: quoted, or plain and neither a number, a truth value nor null.
    func text(_ expected: String = "text") throws(ExperimentError) -> String {
        guard case .scalar(let scalar) = node else { throw wrongType(expected) }
        if isQuoted(scalar) { return scalar.string }
        let special = ["", "~", "null", "true", "false", "yes", "no", "on", "off"].contains(scalar.string.lowercased())
        guard scalar.style == .plain, !special, Double(scalar.string) == nil else {
            throw wrongType("\(expected) (put it in quotes)")
        }
        return scalar.string
    }

    /// Plain `true` or `false`.
    func truthValue() throws(ExperimentError) -> Bool {
        switch plainText {
        case "true": return true
        case "false": return false
        default: throw wrongType("true or false")
        }
    }

    /// A plain whole number within `range`.
    func integer(_ range: ClosedRange<Int>) throws(ExperimentError) -> Int {
        guard let text = plainText, isDecimal(text) else { throw wrongType("a whole number") }
        guard let value = Int(text), range.contains(value) else {
            throw failure(.outOfRange(expected: "\(range.lowerBound) to \(range.upperBound)", found: text))
        }
        return value
    }

    /// A plain whole number of 64 bits without sign.
    func unsignedInteger() throws(ExperimentError) -> UInt64 {
        guard let text = plainText, isDecimal(text) else { throw wrongType("a whole number") }
        guard let value = UInt64(text) else {
            throw failure(.outOfRange(expected: "0 to \(UInt64.max)", found: text))
        }
        return value
    }

    private func isDecimal(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// A plain decimal number, rounded once to the type asked for; `isAllowed` bounds it.
    func number<Value: LosslessStringConvertible & BinaryFloatingPoint>(
        _ expected: String, where isAllowed: (Value) -> Bool
    ) throws(ExperimentError) -> Value {
        guard let text = plainText, isNumberText(text), let value = Value(text) else {
            throw wrongType("a number")
        }
        guard value.isFinite, isAllowed(value) else { throw failure(.outOfRange(expected: expected, found: text)) }
        return value
    }

    /// Only decimal forms: no "inf", "nan" or hexadecimal.
    private func isNumberText(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 400
            && text.unicodeScalars.allSatisfy { ("0"..."9").contains($0) || "+-.eE".unicodeScalars.contains($0) }
    }

    /// A number or a text, for listings.
    func figure() throws(ExperimentError) -> PublishedFigure.Value {
        if let text = plainText, isNumberText(text), let value = Double(text), value.isFinite { return .number(value) }
        return .text(try text("a number or text"))
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(ExperimentError) -> Choice where Choice.RawValue == String {
        let name = try text()
        if let choice = Choice(rawValue: name) { return choice }
        throw unknownValue(name, Choice.allCases.map(\.rawValue))
    }

    func unknownValue(_ name: String, _ allowed: [String]) -> ExperimentError {
        failure(.unknownValue(name, nearest: NearestName.of(name, among: allowed), allowed: allowed))
    }
}
