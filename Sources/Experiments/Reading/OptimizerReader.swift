import NeuralNetwork

/// Reads the optimizer's part of an experiment.
enum OptimizerReader {
    private static let names = ["adam"]

    /// An optimizer is a bare name with Keras's constants, or a name with a mapping of those that differ.
    static func optimizer(_ field: YAMLField) throws(ExperimentError) -> OptimizerConfiguration {
        if field.isScalar {
            let name = try field.text("an optimizer")
            guard name == "adam" else { throw field.unknownValue(name, names) }
            return .adam(AdamConfiguration())
        }
        let mapping = try YAMLMapping(field, allowed: names, expected: "an optimizer")
        guard mapping.keys.count == 1 else { throw field.wrongType("one optimizer") }
        return .adam(try adam(mapping.required("adam")))
    }

    private static func adam(_ field: YAMLField) throws(ExperimentError) -> AdamConfiguration {
        let mapping = try YAMLMapping(field, allowed: ["learning_rate", "beta_1", "beta_2", "epsilon"])
        let defaults = AdamConfiguration()
        return AdamConfiguration(
            learningRate: try mapping.optional("learning_rate")?.number("above 0") { $0 > 0 } ?? defaults.learningRate,
            beta1: try mapping.optional("beta_1")?.number("from 0 to below 1", where: isDecay) ?? defaults.beta1,
            beta2: try mapping.optional("beta_2")?.number("from 0 to below 1", where: isDecay) ?? defaults.beta2,
            epsilon: try mapping.optional("epsilon")?.number("above 0") { $0 > 0 } ?? defaults.epsilon)
    }

    private static func isDecay(_ value: Float) -> Bool { value >= 0 && value < 1 }
}
