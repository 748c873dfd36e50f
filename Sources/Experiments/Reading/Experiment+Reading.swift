import Core
import NeuralNetwork

extension Experiment {
    static let keys = [
        "name", "title", "published", "data", "model", "initial_weights", "loss", "optimizer", "schedule", "clip_norm",
        "early_stopping", "batch_size", "epochs", "micro_batches", "seed",
    ]

    /// Reads an experiment strictly: every key known, of the right type and within its limits.
    /// `source` says in messages where the text came from.
    ///
    /// - Throws: `ExperimentError` with the line and the key.
    package init(yaml: String, source: String) throws(ExperimentError) {
        let root = YAMLField(node: try YAMLDocument.root(of: yaml, source: source), source: source, key: "")
        let mapping = try YAMLMapping(root, allowed: Self.keys)
        let limits = ExperimentLimits.self
        self.init(
            name: try Self.name(mapping.required("name")),
            title: try mapping.optional("title")?.text() ?? "",
            published: try mapping.optional("published").map(Self.published) ?? [],
            dataset: try DataReader.data(mapping.required("data")),
            model: try ModelReader.model(mapping.required("model")),
            loss: try TrainingReader.loss(mapping.required("loss")),
            optimizer: OptimizerConfiguration(
                try OptimizerReader.method(mapping.required("optimizer")),
                schedule: try mapping.optional("schedule").map(TrainingReader.schedule) ?? .constant,
                clippingNorm: try mapping.optional("clip_norm")?.number("above 0") { $0 > 0 }),
            earlyStopping: try mapping.optional("early_stopping").map(TrainingReader.earlyStopping),
            batchSize: try mapping.required("batch_size").integer(limits.batchSize),
            epochs: try mapping.required("epochs").integer(limits.epochs),
            microBatchCount: try mapping.optional("micro_batches").map(Self.microBatchCount) ?? 8,
            seed: try mapping.optional("seed")?.unsignedInteger() ?? 1,
            initialWeights: try mapping.optional("initial_weights").map(InitialWeightsReader.initialWeights))
    }

    private static func name(_ field: YAMLField) throws(ExperimentError) -> String {
        let name = try field.text("a name")
        guard ExperimentLimits.isName(name) else {
            throw field.failure(.outOfRange(expected: ExperimentLimits.nameExpectation, found: quoted(name)))
        }
        return name
    }

    private static func published(_ field: YAMLField) throws(ExperimentError) -> [PublishedFigure] {
        let mapping = try YAMLMapping(field, allowed: nil, expected: "a mapping of names to figures")
        var figures: [PublishedFigure] = []
        for key in mapping.keys {
            let value = try mapping.required(key)
            guard ExperimentLimits.isName(key) else {
                throw value.failure(.outOfRange(expected: ExperimentLimits.nameExpectation, found: quoted(key)))
            }
            figures.append(PublishedFigure(name: key, value: try value.figure()))
        }
        return figures
    }

    private static func microBatchCount(_ field: YAMLField) throws(ExperimentError) -> Int {
        let value = try field.integer(ExperimentLimits.microBatchCount)
        guard ExperimentLimits.isMicroBatchCount(value) else {
            throw field.failure(.outOfRange(expected: ExperimentLimits.microBatchExpectation, found: String(value)))
        }
        return value
    }
}
