import Core
import NeuralNetwork

/// Reads what an experiment says about loss, learning rate and the end of training.
enum TrainingReader {
    /// A loss is a bare name, or a name with a mapping of its settings.
    static func loss(_ field: SettingNode) throws(SettingError) -> LossConfiguration {
        if field.isScalar { return LossConfiguration(kind: try field.choice(LossConfiguration.Kind.self)) }
        let names = LossConfiguration.Kind.allCases.map(\.rawValue)
        let mapping = try field.mapping(allowed: names, expected: "a loss")
        guard let name = mapping.keys.first, let kind = LossConfiguration.Kind(rawValue: name), mapping.keys.count == 1
        else { throw field.wrongType("one loss") }
        let settings = try mapping.required(name).mapping(allowed: ["label_smoothing"])
        return LossConfiguration(
            kind: kind,
            labelSmoothing: try settings.optional("label_smoothing")?.number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
                ?? 0)
    }

    /// A schedule is the name `constant`, or one name with a mapping of its settings.
    static func schedule(_ field: SettingNode) throws(SettingError) -> LearningRateSchedule {
        let names = ["constant", "step", "exponential", "cosine", "on_plateau"]
        if field.isScalar {
            let name = try field.text("a schedule")
            guard names.contains(name) else { throw field.unknownValue(name, names) }
            guard name == "constant" else { throw field.wrongType("\(name): with its settings") }
            return .constant
        }
        let mapping = try field.mapping(allowed: names, expected: "a schedule")
        guard let name = mapping.keys.first, mapping.keys.count == 1 else { throw field.wrongType("one schedule") }
        return try schedule(name, mapping.required(name))
    }

    private static func schedule(_ name: String, _ field: SettingNode) throws(SettingError) -> LearningRateSchedule {
        switch name {
        case "step":
            let mapping = try field.mapping(allowed: ["epochs", "factor"])
            return .step(
                epochCount: try mapping.required("epochs").integer(ExperimentLimits.epochs),
                factor: try factor(mapping.required("factor")))
        case "exponential":
            return .exponential(factor: try factor(field.mapping(allowed: ["factor"]).required("factor")))
        case "cosine":
            let mapping = try field.mapping(allowed: ["warm_up_epochs", "final_factor"])
            let warmUp = try mapping.optional("warm_up_epochs")?.integer(0...ExperimentLimits.epochs.upperBound)
            return .cosine(
                warmUpEpochCount: warmUp ?? 0,
                finalFactor: try mapping.optional("final_factor")?.number("from 0 to 1") { $0 >= 0 && $0 <= 1 } ?? 0)
        case "on_plateau":
            let mapping = try field.mapping(allowed: ["factor", "patience", "minimum_factor"])
            let minimum: Float? = try mapping.optional("minimum_factor")?.number("from 0 to 1") { $0 >= 0 && $0 <= 1 }
            return .onPlateau(
                factor: try factor(mapping.required("factor")),
                patience: try mapping.required("patience").integer(ExperimentLimits.epochs),
                minimumFactor: minimum ?? 0)
        default:
            _ = try field.mapping(allowed: [])
            return .constant
        }
    }

    private static func factor(_ field: SettingNode) throws(SettingError) -> Float {
        try field.number("above 0, at most 1") { $0 > 0 && $0 <= 1 }
    }

    static func earlyStopping(_ field: SettingNode) throws(SettingError) -> EarlyStopping {
        let mapping = try field.mapping(allowed: ["monitor", "patience", "minimum_change", "restore_best_weights"])
        return EarlyStopping(
            monitor: try mapping.optional("monitor")?.choice(EarlyStopping.Monitor.self) ?? .validationLoss,
            patience: try mapping.required("patience").integer(ExperimentLimits.epochs),
            minimumChange: try mapping.optional("minimum_change")?.number("0 or more") { $0 >= 0 } ?? 0,
            restoresBestWeights: try mapping.optional("restore_best_weights")?.truthValue() ?? true)
    }
}
