import NeuralNetwork

/// Reads the optimizer's part of an experiment.
enum OptimizerReader {
    private static let names = ["sgd", "adam", "adamw", "rmsprop"]
    /// Keras's default of AdamW.
    private static let adamWeightDecay: Float = 0.004

    /// An optimizer is a bare name with Keras's constants, or a name with a mapping of those that differ.
    static func method(_ field: YAMLField) throws(ExperimentError) -> OptimizerConfiguration.Method {
        if field.isScalar {
            let name = try field.text("an optimizer")
            guard names.contains(name) else { throw field.unknownValue(name, names) }
            return try method(name, nil)
        }
        let mapping = try YAMLMapping(field, allowed: names, expected: "an optimizer")
        guard let name = mapping.keys.first, mapping.keys.count == 1 else { throw field.wrongType("one optimizer") }
        return try method(name, mapping.required(name))
    }

    private static func method(
        _ name: String, _ settings: YAMLField?
    ) throws(ExperimentError) -> OptimizerConfiguration.Method {
        switch name {
        case "sgd": return .sgd(try settings.map(sgd) ?? SGDConfiguration())
        case "rmsprop": return .rmsprop(try settings.map(rmsprop) ?? RMSpropConfiguration())
        case "adamw": return .adam(try adam(settings, AdamConfiguration(weightDecay: adamWeightDecay)))
        default: return .adam(try adam(settings, AdamConfiguration()))
        }
    }

    private static func sgd(_ field: YAMLField) throws(ExperimentError) -> SGDConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["learning_rate", "momentum", "nesterov", "convention"])
        let defaults = SGDConfiguration()
        return SGDConfiguration(
            learningRate: try learningRate(mapping) ?? defaults.learningRate,
            momentum: try decay("momentum", mapping) ?? defaults.momentum,
            isNesterov: try mapping.optional("nesterov")?.truthValue() ?? defaults.isNesterov,
            convention: try convention(mapping))
    }

    private static func adam(
        _ field: YAMLField?, _ defaults: AdamConfiguration
    ) throws(ExperimentError) -> AdamConfiguration {
        guard let field else { return defaults }
        let mapping = try YAMLMapping(
            field, allowed: ["learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay", "convention"])
        return AdamConfiguration(
            learningRate: try learningRate(mapping) ?? defaults.learningRate,
            beta1: try decay("beta_1", mapping) ?? defaults.beta1,
            beta2: try decay("beta_2", mapping) ?? defaults.beta2,
            epsilon: try epsilon(mapping) ?? defaults.epsilon,
            weightDecay: try mapping.optional("weight_decay")?.number("0 or more") { $0 >= 0 } ?? defaults.weightDecay,
            convention: try convention(mapping))
    }

    private static func rmsprop(_ field: YAMLField) throws(ExperimentError) -> RMSpropConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["learning_rate", "rho", "momentum", "epsilon", "convention"])
        let defaults = RMSpropConfiguration()
        return RMSpropConfiguration(
            learningRate: try learningRate(mapping) ?? defaults.learningRate,
            rho: try decay("rho", mapping) ?? defaults.rho,
            momentum: try decay("momentum", mapping) ?? defaults.momentum,
            epsilon: try epsilon(mapping) ?? defaults.epsilon, convention: try convention(mapping))
    }

    private static func learningRate(_ mapping: YAMLMapping) throws(ExperimentError) -> Float? {
        try mapping.optional("learning_rate")?.number("above 0") { $0 > 0 }
    }

    private static func epsilon(_ mapping: YAMLMapping) throws(ExperimentError) -> Float? {
        try mapping.optional("epsilon")?.number("above 0") { $0 > 0 }
    }

    private static func decay(_ key: String, _ mapping: YAMLMapping) throws(ExperimentError) -> Float? {
        try mapping.optional(key)?.number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
    }

    private static func convention(_ mapping: YAMLMapping) throws(ExperimentError) -> OptimizerConvention {
        try mapping.optional("convention")?.choice(OptimizerConvention.self) ?? .keras
    }
}
