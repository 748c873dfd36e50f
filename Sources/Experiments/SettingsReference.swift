import Core
import Datasets
import NeuralNetwork

/// The article "Settings" of this module's catalogue, written from the declarations. A test compares the article in the
/// catalogue with this text.
package enum SettingsReference {
    /// The article in Markdown.
    package static var article: String {
        var lines = [
            "# Settings", "", "Every setting of an experiment, with its limits and its default.", "", "## Overview", "",
            "This article is written from the declarations of the kinds, by the tests of this module. \"required\" means "
                + "that there is no default; \"absent\" means that the setting is missing by default.",
        ]
        lines += ["", "## Experiment", "", "The keys of the file.", ""]
        lines += table(Experiment().settingDescriptions, isNested: false)
        lines += ["", "## Model", "", "`model: {…}`", ""] + table(ModelConfiguration().settingDescriptions)
        lines += section("Layers", "An entry of the list `layers`: `- NAME`, `- NAME: {…}` or `- NAME: VALUE`", layers)
        lines += section("Optimizers", "`optimizer: NAME` or `optimizer: {NAME: {…}}`", OptimizerKinds.all)
        lines += section("Losses", "`loss: NAME` or `loss: {NAME: {…}}`", LossKinds.all)
        lines += section("Schedules", "`schedule: {NAME: {…}}`", ScheduleKinds.all)
        lines +=
            ["", "## Early stopping", "", "`early_stopping: {…}`", ""] + table(EarlyStopping().settingDescriptions)
        lines += ["", "## Data", "", "`data: {…}`", ""] + table(DatasetConfiguration().settingDescriptions)
        lines += section("Data sets", "`set: NAME` or `set: {NAME: {…}}`", DataSourceKinds.all)
        lines += ["", "## Initial weights", "", "`initial_weights: {…}`", ""]
        lines += table(InitialWeightsConfiguration().settingDescriptions)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Every key of an experiment as a flag takes it, with its values, its default and what it means. `[N]` stands for
    /// the number of a layer, from 0.
    package static var keys: [[String]] {
        let groups: [[(String, [SettingDescription])]] = [
            [("", Experiment().settingDescriptions.filter { $0.nested.isEmpty })],
            [("data.", DatasetConfiguration().settingDescriptions)], kindKeys("data.set.", DataSourceKinds.all),
            [("model.", ModelConfiguration().settingDescriptions)], kindKeys("model.layers[N].", layers),
            [("initial_weights.", InitialWeightsConfiguration().settingDescriptions)], kindKeys("loss.", LossKinds.all),
            kindKeys("optimizer.", OptimizerKinds.all), kindKeys("schedule.", ScheduleKinds.all),
            [("early_stopping.", EarlyStopping().settingDescriptions)],
        ]
        return groups.joined().flatMap { prefix, descriptions in
            descriptions.flatMap { keyRows($0, prefix: prefix) }
        }
    }

    private static func kindKeys(
        _ prefix: String, _ kinds: [any SettingsKind.Type]
    ) -> [(String, [SettingDescription])] {
        kinds.flatMap { kind in
            kind.keys.map { ("\(prefix)\($0).", kind.defaults(for: $0).settingDescriptions) }
        }
    }

    private static func keyRows(_ setting: SettingDescription, prefix: String) -> [[String]] {
        let key = setting.key.map { prefix + $0 } ?? String(prefix.dropLast())
        let standard =
            switch setting.defaultText {
            case nil: "required"
            case "": "absent"
            case let text?: text
            }
        let row = [key, setting.expectation.filter { $0 != "`" }, standard, setting.documentation]
        return [row] + setting.nested.flatMap { keyRows($0, prefix: key + ".") }
    }

    /// The kinds that an entry of a model's layers can name.
    static var layers: [any SettingsKind.Type] { LayerKinds.all + [VGG16.self] }

    private static func section(_ title: String, _ form: String, _ kinds: [any SettingsKind.Type]) -> [String] {
        ["", "## \(title)", "", form] + kinds.flatMap { kind($0) }
    }

    private static func kind<Kind: SettingsKind>(_ type: Kind.Type) -> [String] {
        var lines = ["", "### " + Kind.keys.map { "`\($0)`" }.joined(separator: " and "), "", Kind.documentation]
        let descriptions = Kind.defaults(for: Kind.key).settingDescriptions
        if !descriptions.isEmpty { lines += [""] + table(descriptions) }
        for key in Kind.keys where key != Kind.key {
            let changed = zip(descriptions, Kind.defaults(for: key).settingDescriptions).compactMap { first, other in
                first.defaultText == other.defaultText ? nil : "`\(other.key ?? key)` is \(other.defaultText ?? "")"
            }
            if !changed.isEmpty {
                lines += ["", "By default, under the name `\(key)`, \(changed.joined(separator: ", "))."]
            }
        }
        return lines
    }

    /// With `isNested`, the table also has the settings inside the values.
    private static func table(_ descriptions: [SettingDescription], isNested: Bool = true) -> [String] {
        ["| setting | values | default | |", "|---|---|---|---|"]
            + descriptions.flatMap { rows($0, prefix: "", isNested: isNested) }
    }

    /// The setting, then those inside its value.
    private static func rows(_ setting: SettingDescription, prefix: String, isNested: Bool) -> [String] {
        let name = setting.key.map { prefix + $0 }
        let standard =
            switch setting.defaultText {
            case nil: "required"
            case "": "absent"
            case let text?: setting.isDefaultDerived ? text : "`\(text)`"
            }
        let cells = [name.map { "`\($0)`" } ?? "the value", setting.expectation, standard, setting.documentation]
        return ["| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"]
            + (isNested ? setting.nested : []).flatMap { rows($0, prefix: "\(name ?? "").", isNested: true) }
    }
}
