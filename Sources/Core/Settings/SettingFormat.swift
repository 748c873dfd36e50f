/// How values of one setting are read and written: their type and limits.
package struct SettingFormat<Value>: Sendable {
    /// The values that are allowed, in words, as in "above 0".
    package let expectation: String
    /// The settings inside the value, where it is a mapping.
    package let nested: [SettingDescription]
    /// Reads a value strictly.
    package let read: @Sendable (SettingNode) throws(SettingError) -> Value
    /// The canonical text, which reads back to an equal value.
    package let text: @Sendable (Value) -> String

    package init(
        _ expectation: String, nested: [SettingDescription] = [],
        read: @escaping @Sendable (SettingNode) throws(SettingError) -> Value,
        text: @escaping @Sendable (Value) -> String
    ) {
        self.expectation = expectation
        self.nested = nested
        self.read = read
        self.text = text
    }

    /// The same for a value that may be absent.
    static func optional<Wrapped>(_ format: SettingFormat<Wrapped>) -> Self where Value == Wrapped? {
        Self(
            format.expectation, nested: format.nested,
            read: { node throws(SettingError) in try format.read(node) },
            text: { value in value.map(format.text) ?? "" })
    }
}

extension SettingFormat where Value: BinaryFloatingPoint & LosslessStringConvertible & Sendable {
    /// Finite numbers that `isAllowed`, which `expectation` describes. The canonical text is the shortest that reads
    /// back to the same bits.
    package static func number(_ expectation: String, where isAllowed: @escaping @Sendable (Value) -> Bool) -> Self {
        Self(
            expectation, read: { node throws(SettingError) in try node.number(expectation, where: isAllowed) },
            text: { "\($0)" })
    }

    package static func above(_ bound: Value) -> Self { number("above \(short(bound))") { $0 > bound } }

    package static func atLeast(_ bound: Value) -> Self { number("\(short(bound)) or more") { $0 >= bound } }

    package static func above(_ low: Value, atMost high: Value) -> Self {
        number("above \(short(low)), at most \(short(high))") { $0 > low && $0 <= high }
    }

    package static func within(_ range: Range<Value>) -> Self {
        number("from \(short(range.lowerBound)) to below \(short(range.upperBound))") { range.contains($0) }
    }

    package static func within(_ range: ClosedRange<Value>) -> Self {
        number("from \(short(range.lowerBound)) to \(short(range.upperBound))") { range.contains($0) }
    }

    private static func short(_ value: Value) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}

extension SettingFormat where Value == Int {
    /// Whole numbers.
    package static func within(_ range: ClosedRange<Int>) -> Self {
        Self(
            "\(range.lowerBound) to \(range.upperBound)",
            read: { node throws(SettingError) in try node.integer(range) }, text: { "\($0)" })
    }
}

extension SettingFormat where Value == UInt64 {
    package static var unsigned: Self {
        Self(
            "0 to \(UInt64.max)", read: { node throws(SettingError) in try node.unsignedInteger() }, text: { "\($0)" })
    }
}

extension SettingFormat where Value == Bool {
    package static var truth: Self {
        Self(
            "true or false", read: { node throws(SettingError) in try node.truthValue() },
            text: { $0 ? "true" : "false" })
    }
}

extension SettingFormat where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the enumeration's names.
    package static var choice: Self {
        Self(
            Value.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "),
            read: { node throws(SettingError) in try node.choice(Value.self) }, text: { $0.rawValue })
    }
}

extension SettingFormat where Value == String {
    /// Text that `isAllowed`; `noun` describes the text when the type is wrong, `expectation` when the text is refused.
    package static func text(
        _ noun: String, _ expectation: String, where isAllowed: @escaping @Sendable (String) -> Bool
    ) -> Self {
        Self(
            expectation,
            read: { node throws(SettingError) in
                let text = try node.text(noun)
                guard isAllowed(text) else { throw node.outOfRange(expectation, found: quoted(text)) }
                return text
            }, text: { CanonicalText.quoted($0) })
    }

    /// A name of 1 to 64 letters, digits, "_" and "-" (and "."), which starts with a letter or digit.
    package static func name(allowsDots: Bool) -> Self {
        let marks = allowsDots ? "\".\", \"_\" and \"-\"" : "\"_\" and \"-\""
        return text("a name", "letters, digits, \(marks), beginning with a letter or digit, at most 64") {
            SettingName.isValid($0) && (allowsDots || !$0.contains("."))
        }
    }
}

extension SettingFormat where Value == ClosedRange<Double> {
    /// `[low, high]`, both within `limits`.
    package static func interval(within limits: ClosedRange<Double>) -> Self {
        let noun = "a list of the lowest and the highest value"
        return Self(
            "`[lowest, highest]`, \(limits.lowerBound) to \(limits.upperBound)",
            read: { node throws(SettingError) in
                let elements = try node.elements(noun)
                guard elements.count == 2 else { throw node.wrongType(noun) }
                let low: Double = try elements[0].number(
                    "\(limits.lowerBound) to \(limits.upperBound)", where: limits.contains)
                let high: Double = try elements[1].number("\(low) to \(limits.upperBound)") {
                    low <= $0 && limits.contains($0)
                }
                return low...high
            }, text: { "[\($0.lowerBound), \($0.upperBound)]" })
    }
}

extension SettingFormat where Value: SettingsGroup {
    /// A nested mapping of settings.
    package static var settings: Self {
        Self(
            "a mapping", nested: Value().settingDescriptions,
            read: { node throws(SettingError) in try Value(reading: node) }, text: { $0.canonicalSettings })
    }
}

/// Names of experiments, layers and published figures.
package enum SettingName {
    /// Whether a text is 1 to 64 ASCII letters, digits, ".", "_" and "-", and starts with a letter or digit.
    package static func isValid(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.unicodeScalars.first else { return false }
        return isLetterOrDigit(first)
            && text.unicodeScalars.allSatisfy { isLetterOrDigit($0) || $0 == "." || $0 == "_" || $0 == "-" }
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}
