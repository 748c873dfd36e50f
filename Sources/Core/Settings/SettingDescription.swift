/// One setting as the reference article describes it.
package struct SettingDescription: Sendable, Equatable {
    /// Nil when the value takes the place of the mapping, as in `activation: relu`.
    package let key: String?
    /// The values that are allowed, in words.
    package let expectation: String
    /// The default's text; nil when the setting is required, empty when it is absent by default.
    package let defaultText: String?
    /// Whether the default depends on other settings, so that its text is a description and not a value.
    package let isDefaultDerived: Bool
    package let documentation: String
    /// The settings inside the value, where it is a mapping.
    package let nested: [SettingDescription]
}

private struct SettingsLister: SettingVisitor {
    private(set) var descriptions: [SettingDescription] = []

    mutating func visit<Value>(
        key: String?, _ value: inout Value, _ format: SettingFormat<Value>, _ presence: SettingPresence,
        fallback: (value: Value, text: String)?, _ documentation: String
    ) throws(Never) {
        let isRequired = if case .required = presence { true } else { false }
        descriptions.append(
            SettingDescription(
                key: key, expectation: format.expectation,
                defaultText: isRequired ? nil : fallback?.text ?? format.text(value),
                isDefaultDerived: fallback != nil, documentation: documentation, nested: format.nested))
    }
}

extension SettingsGroup {
    /// Every setting in the order of the canonical form. The defaults are the values of this group.
    package var settingDescriptions: [SettingDescription] {
        var (group, lister) = (self, SettingsLister())
        group.visitSettings(&lister)
        return lister.descriptions
    }
}
