/// A value in a configuration text with its place, independent of the text's format.
///
/// The reading functions are strict: a value has the right type and lies within its limits, or a `SettingError` names
/// the line and the key. Only decimal numbers without quotes are numbers, and only `true` and `false` are truth values.
package struct SettingNode: Sendable, Equatable {
    package enum Style: Sendable, Equatable {
        case plain
        case quoted
        /// Text in block form, which no setting uses.
        case block
    }

    package indirect enum Content: Sendable, Equatable {
        case scalar(String, Style)
        case list([SettingNode])
        case mapping([Pair])
        case alias
    }

    package struct Pair: Sendable, Equatable {
        package let key: SettingNode
        package let value: SettingNode

        package init(key: SettingNode, value: SettingNode) {
            self.key = key
            self.value = value
        }
    }

    package let content: Content
    /// From 1, where it is known.
    package let line: Int?
    /// The keys that lead here, such as `model.layers[2].dense`; empty for the whole text.
    package private(set) var path: String

    package init(_ content: Content, line: Int?, path: String = "") {
        self.content = content
        self.line = line
        self.path = path
    }

    package var isScalar: Bool {
        if case .scalar = content { true } else { false }
    }

    /// Whether nothing was written, as after the colon of `flatten:`.
    var isEmpty: Bool { plainText.map { ["", "~", "null"].contains($0) } ?? false }

    /// The same node under another path.
    func at(path: String) -> SettingNode {
        var result = self
        result.path = path
        return result
    }

    // MARK: - Errors

    package func failure(_ problem: SettingError.Problem) -> SettingError {
        SettingError(line: line, key: path, problem: problem)
    }

    package func wrongType(_ expected: String) -> SettingError {
        failure(.wrongType(expected: expected, found: found))
    }

    package func outOfRange(_ expected: String, found: String) -> SettingError {
        failure(.outOfRange(expected: expected, found: found))
    }

    package func unknownValue(_ name: String, _ allowed: [String]) -> SettingError {
        failure(.unknownValue(name, nearest: NearestName.of(name, among: allowed), allowed: allowed))
    }

    private var found: String {
        switch content {
        case .mapping: "a mapping"
        case .list: "a list"
        case .alias: "an alias"
        case .scalar(let text, .quoted): "the text \(quoted(text))"
        case .scalar(let text, _): quoted(text)
        }
    }

    // MARK: - Scalars

    /// The text of any scalar; nil for lists and mappings.
    package var scalarText: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    private var plainText: String? {
        guard case .scalar(let text, .plain) = content else { return nil }
        return text
    }

    /// Text: quoted, or plain and neither a number, a truth value nor null.
    package func text(_ expected: String = "text") throws(SettingError) -> String {
        guard let text = textIfAny else { throw wrongType(isScalar ? "\(expected) (put it in quotes)" : expected) }
        return text
    }

    /// One of some words: a number does not become one in quotes.
    package func word(_ expected: String) throws(SettingError) -> String {
        guard let text = textIfAny else { throw wrongType(expected) }
        return text
    }

    private var textIfAny: String? {
        guard case .scalar(let text, let style) = content else { return nil }
        if style == .quoted { return text }
        let special = ["", "~", "null", "true", "false", "yes", "no", "on", "off"].contains(text.lowercased())
        return style == .plain && !special && Double(text) == nil ? text : nil
    }

    /// Plain `true` or `false`.
    package func truthValue() throws(SettingError) -> Bool {
        switch plainText {
        case "true": return true
        case "false": return false
        default: throw wrongType("true or false")
        }
    }

    /// A plain whole number within `range`.
    package func integer(_ range: ClosedRange<Int>) throws(SettingError) -> Int {
        guard let text = plainText, Self.isDecimal(text) else { throw wrongType("a whole number") }
        guard let value = Int(text), range.contains(value) else {
            throw outOfRange("\(range.lowerBound) to \(range.upperBound)", found: text)
        }
        return value
    }

    /// A plain whole number of 64 bits without a sign.
    package func unsignedInteger() throws(SettingError) -> UInt64 {
        guard let text = plainText, Self.isDecimal(text) else { throw wrongType("a whole number") }
        guard let value = UInt64(text) else { throw outOfRange("0 to \(UInt64.max)", found: text) }
        return value
    }

    /// A finite number that `isAllowed`; `expected` describes those in the error.
    package func number<Value: LosslessStringConvertible & BinaryFloatingPoint>(
        _ expected: String, where isAllowed: (Value) -> Bool
    ) throws(SettingError) -> Value {
        guard let text = plainText, Self.isNumberText(text), let value = Value(text) else {
            throw wrongType("a number")
        }
        guard value.isFinite, isAllowed(value) else { throw outOfRange(expected, found: text) }
        return value
    }

    /// The number that the text is, or nil when it is not the text of a finite number.
    package var anyNumber: Double? {
        guard let text = plainText, Self.isNumberText(text), let value = Double(text), value.isFinite else {
            return nil
        }
        return value
    }

    /// One of the names of an enumeration.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(SettingError) -> Choice where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue)
        let name = try word(names.count == 1 ? names[0] : "one of \(names.joined(separator: ", "))")
        if let choice = Choice(rawValue: name) { return choice }
        throw unknownValue(name, names)
    }

    private static func isDecimal(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Only decimal forms: no "inf", "nan" or hexadecimal.
    private static func isNumberText(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 400
            && text.unicodeScalars.allSatisfy { ("0"..."9").contains($0) || "+-.eE".unicodeScalars.contains($0) }
    }

    // MARK: - Lists and mappings

    /// The elements of a list.
    package func elements(_ expected: String) throws(SettingError) -> [SettingNode] {
        guard case .list(let nodes) = content else { throw wrongType(expected) }
        return nodes.enumerated().map { index, node in node.at(path: "\(path)[\(index)]") }
    }

    /// A list of exactly `count` whole numbers within `range`; of two, one number may stand for both.
    package func integers(
        _ expected: String, count: Int, _ range: ClosedRange<Int>
    ) throws(SettingError) -> [Int] {
        if count == 2, isScalar {
            let both = try integer(range)
            return [both, both]
        }
        let elements = try elements(expected)
        guard elements.count == count else { throw wrongType(expected) }
        var result: [Int] = []
        for element in elements { result.append(try element.integer(range)) }
        return result
    }

    /// A mapping with the keys in `allowed` only; nil allows any.
    package func mapping(allowed: [String]?, expected: String = "a mapping") throws(SettingError) -> SettingMapping {
        guard case .mapping(let pairs) = content else { throw wrongType(expected) }
        var mapping = SettingMapping(node: self)
        for pair in pairs {
            let keyNode = pair.key.at(path: path)
            guard case .scalar(let key, _) = keyNode.content else { throw keyNode.wrongType("a name before the colon") }
            if let allowed, !allowed.contains(key) {
                throw keyNode.failure(
                    .unknownKey(key, nearest: NearestName.of(key, among: allowed), allowed: allowed))
            }
            mapping.add(key, pair.value.at(path: path.isEmpty ? key : "\(path).\(key)"))
        }
        return mapping
    }
}

/// A mapping whose keys were checked against the known ones.
package struct SettingMapping: Sendable {
    private let node: SettingNode
    private var values: [String: SettingNode] = [:]
    /// The keys in the order of the text.
    package private(set) var keys: [String] = []

    fileprivate init(node: SettingNode) {
        self.node = node
    }

    fileprivate mutating func add(_ key: String, _ value: SettingNode) {
        values[key] = value
        keys.append(key)
    }

    /// The value of a key that must be present.
    package func required(_ key: String) throws(SettingError) -> SettingNode {
        guard let value = values[key] else { throw node.failure(.missingKey(key)) }
        return value
    }

    /// The value of a key that may be missing.
    package func optional(_ key: String) -> SettingNode? { values[key] }
}

/// Why a configuration text is refused: the line, the key and the reason, with the remedy.
package struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case unknownKey(String, nearest: String?, allowed: [String])
        case missingKey(String)
        case wrongType(expected: String, found: String)
        case outOfRange(expected: String, found: String)
        case unknownValue(String, nearest: String?, allowed: [String])
        /// It is allowed alone, and contradicts another setting, for this reason.
        case conflict(String)

        package var description: String {
            switch self {
            case .unknownKey(let key, let nearest, let allowed):
                "unknown key \(quoted(key)); "
                    + (nearest.map { "did you mean \(quoted($0))?" }
                        ?? "known here: \(allowed.joined(separator: ", "))")
            case .missingKey(let key): "the key \(quoted(key)) is missing; add it"
            case .conflict(let reason): reason
            case .wrongType(let expected, let found): "expected \(expected), found \(escaped(found))"
            case .outOfRange(let expected, let found): "must be \(expected), not \(escaped(found))"
            case .unknownValue(let value, let nearest, let allowed):
                "unknown value \(quoted(value)); " + (nearest.map { "did you mean \(quoted($0))? " } ?? "")
                    + "known: \(allowed.joined(separator: ", "))"
            }
        }
    }

    /// From 1, where it is known.
    package var line: Int?
    /// The keys that lead to the value, such as `model.layers[2].dense.units`; empty for the whole text.
    package var key: String
    package var problem: Problem

    package init(line: Int? = nil, key: String = "", problem: Problem) {
        self.line = line
        self.key = key
        self.problem = problem
    }

    package var description: String {
        let place = line.map { "line \($0): " } ?? ""
        return "\(place)\(key.isEmpty ? "" : "\(escaped(key)): ")\(problem)"
    }
}
