/// Settings that are declared once. Reading, the canonical form, the reference article and "unknown key, did you mean
/// …" follow from `visitSettings`.
package protocol SettingsGroup: Sendable, Equatable {
    /// The defaults. A required setting has any value; reading always replaces it.
    init()

    /// Visits each setting once, in the order of the canonical form.
    mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure)

    /// Settings that are each allowed and contradict each other; by default none do. Reading refuses them.
    var conflict: SettingConflict? { get }
}

extension SettingsGroup {
    package var conflict: SettingConflict? { nil }
}

/// Why settings of a group contradict each other.
package struct SettingConflict: Sendable, Equatable {
    /// The setting at which the error is reported.
    package let key: String
    /// The reason with the remedy.
    package let reason: String

    package init(key: String, reason: String) {
        self.key = key
        self.reason = reason
    }
}

/// A kind of layer, optimizer, loss, schedule, data source, …: something that an experiment names by a key. The
/// file of the type that conforms has everything about the kind.
///
/// A complete kind:
///
///     /// Drops elements at random in training.
///     struct Dropout: SettingsKind {
///         static let key = "dropout"
///         static let documentation = """
///             In training, each element is zero with probability `rate`; the others are divided by 1 − rate.
///             """
///
///         /// The probability of a zero.
///         var rate: Float = 0
///
///         mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
///             try visitor.visit("rate", &rate, .within(0..<1), .required, "The probability of a zero.")
///         }
///     }
///
/// It is read from `dropout: {rate: 0.25}`, and written as that. A kind without a required setting may also be a bare
/// name (`flatten`), and is written so when no setting is written. A kind with one value instead of a mapping
/// (`activation: relu`) calls `visitor.visitValue`.
///
/// The family of kinds, such as layers, is a protocol that refines `SettingsKind`, with a list of its types and a
/// reader:
///
///     enum LayerKinds {
///         static let all: [any Layer.Type] = [Dense.self, Dropout.self]
///
///         static func read(_ node: SettingNode) throws(SettingError) -> any Layer {
///             let choice = try node.choice(of: all, "a layer", one: "one layer")
///             return try all[choice.index].init(reading: choice)
///         }
///     }
package protocol SettingsKind: SettingsGroup {
    /// The kind's name in an experiment.
    static var key: String { get }
    /// All names of the kind; more than one where names differ in their defaults. By default only `key`.
    static var keys: [String] { get }
    /// What the kind computes and the source of the formula, in Markdown, for the reference article.
    static var documentation: String { get }
    /// The defaults under one of the kind's names. By default `init()`.
    static func defaults(for key: String) -> Self
    /// The name in the canonical form. By default `Self.key`.
    var key: String { get }
}

extension SettingsKind {
    package static var keys: [String] { [key] }
    package static func defaults(for key: String) -> Self { Self() }
    package var key: String { Self.key }

    /// Whether the other value is of the same kind with the same settings.
    package func isEqual(to other: any SettingsKind) -> Bool {
        (other as? Self).map { $0 == self } ?? false
    }
}

/// How a setting appears in an experiment and in the canonical form. Canonical forms are part of checkpoints, so a
/// setting that a kind gains later must be `.whenChanged`.
package enum SettingPresence: Sendable {
    /// The experiment must give it; the canonical form always has it.
    case required
    /// It has a default, and the canonical form always has it.
    case always
    /// The canonical form has it only if it differs from its default.
    case whenChanged
    /// The canonical form has all settings with this presence, or none if all of them have their defaults.
    case together
}

/// Visits every setting of a group: the reader, which changes them, the canonical writer and the lister.
package protocol SettingVisitor {
    associatedtype Failure: Error

    /// Visits one setting. `key` is its name in the mapping, nil when the value takes the place of the mapping.
    /// `fallback` is the value when the key is missing, with its text for the reference; nil keeps the value.
    mutating func visit<Value>(
        key: String?, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        fallback: (value: Value, text: String)?, _ documentation: String
    ) throws(Failure)
}

extension SettingVisitor {
    /// Visits a setting with a default, which the canonical form always has.
    package mutating func visit<Value>(
        _ key: String, _ value: inout Value, _ format: SettingFormat<Value>, _ documentation: String
    ) throws(Failure) {
        try visit(key: key, &value, format, .always, fallback: nil, documentation)
    }

    /// Visits a setting.
    package mutating func visit<Value>(
        _ key: String, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        _ documentation: String
    ) throws(Failure) {
        try visit(key: key, &value, format, presence, fallback: nil, documentation)
    }

    /// Visits a setting whose default depends on other settings. `text` describes the default, as in "the window".
    package mutating func visit<Value>(
        _ key: String, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        default fallback: Value, text: String, _ documentation: String
    ) throws(Failure) {
        try visit(key: key, &value, format, presence, fallback: (fallback, text), documentation)
    }

    /// Visits a setting that may be absent; the canonical form then leaves it out.
    package mutating func visit<Value>(
        _ key: String, optional value: inout Value?, _ format: SettingFormat<Value>, _ documentation: String
    ) throws(Failure) {
        try visit(key: key, &value, .optional(format), .whenChanged, fallback: nil, documentation)
    }

    /// Visits the only value of a kind that has no mapping, as in `activation: relu`.
    package mutating func visitValue<Value>(
        _ value: inout Value, _ format: SettingFormat<Value>, _ documentation: String
    ) throws(Failure) {
        try visit(key: nil, &value, format, .required, fallback: nil, documentation)
    }
}
