public import Core
import NeuralNetwork
import YAML

extension Experiment {
    /// The longest text of an experiment, in bytes.
    static let byteLimit = 1 << 20

    static let keys = [
        "name", "title", "published", "data", "model", "initial_weights", "loss", "optimizer", "schedule", "clip_norm",
        "early_stopping", "batch_size", "epochs", "micro_batches", "seed",
    ]

    /// Reads an experiment strictly: unknown keys, wrong types and values out of range are errors.
    /// `source` is the text's file in messages.
    ///
    /// - Throws: `ExperimentError` with the line and the key.
    public init(yaml: String, source: String) throws(ExperimentError) {
        guard yaml.utf8.count <= Self.byteLimit else {
            throw ExperimentError(source: source, problem: .tooLarge(byteLimit: Self.byteLimit))
        }
        let root: SettingNode
        do {
            root = try YAMLText.root(of: yaml, noun: "experiments")
        } catch {
            throw ExperimentError(source: source, line: error.line, problem: .syntax(error.problem))
        }
        do {
            try self.init(root)
        } catch {
            throw ExperimentError(source: source, error)
        }
    }

    private init(_ root: SettingNode) throws(SettingError) {
        let mapping = try root.mapping(allowed: Self.keys)
        let limits = ExperimentLimits.self
        self.init(
            name: try Self.name(mapping.required("name")),
            title: try mapping.optional("title")?.text() ?? "",
            published: try mapping.optional("published").map(Self.published) ?? [],
            dataset: try DatasetConfiguration(checking: mapping.required("data")),
            model: try ModelReader.model(mapping.required("model")),
            loss: LossConfiguration(try LossKinds.read(mapping.required("loss"))),
            optimizer: OptimizerConfiguration(
                try OptimizerKinds.read(mapping.required("optimizer")),
                schedule: try mapping.optional("schedule").map(ScheduleKinds.read) ?? ConstantSchedule(),
                clippingNorm: try mapping.optional("clip_norm")?.number("above 0") { $0 > 0 }),
            earlyStopping: try mapping.optional("early_stopping").map { node throws(SettingError) in
                try EarlyStopping(reading: node)
            },
            batchSize: try mapping.required("batch_size").integer(limits.batchSize),
            epochs: try mapping.required("epochs").integer(limits.epochs),
            microBatchCount: try mapping.optional("micro_batches").map(Self.microBatchCount) ?? 8,
            seed: try mapping.optional("seed")?.unsignedInteger() ?? 1,
            initialWeights: try mapping.optional("initial_weights").map { node throws(SettingError) in
                try InitialWeightsConfiguration(checking: node)
            })
    }

    private static func name(_ field: SettingNode) throws(SettingError) -> String {
        let name = try field.text("a name")
        guard ExperimentLimits.isName(name) else {
            throw field.failure(.outOfRange(expected: ExperimentLimits.nameExpectation, found: quoted(name)))
        }
        return name
    }

    private static func published(_ field: SettingNode) throws(SettingError) -> [PublishedFigure] {
        let mapping = try field.mapping(allowed: nil, expected: "a mapping of names to figures")
        var figures: [PublishedFigure] = []
        for key in mapping.keys {
            let value = try mapping.required(key)
            guard ExperimentLimits.isName(key) else {
                throw value.failure(.outOfRange(expected: ExperimentLimits.nameExpectation, found: quoted(key)))
            }
            figures.append(PublishedFigure(name: key, value: try figure(value)))
        }
        return figures
    }

    private static func figure(_ node: SettingNode) throws(SettingError) -> PublishedFigure.Value {
        if let number = node.anyNumber { return .number(number) }
        return .text(try node.text("a number or text"))
    }

    private static func microBatchCount(_ field: SettingNode) throws(SettingError) -> Int {
        let value = try field.integer(ExperimentLimits.microBatchCount)
        guard ExperimentLimits.isMicroBatchCount(value) else {
            throw field.failure(.outOfRange(expected: ExperimentLimits.microBatchExpectation, found: String(value)))
        }
        return value
    }
}

extension Experiment {
    /// The experiment as YAML with every value written out: equal experiments give the same text, and it reads back
    /// equal.
    public var canonicalForm: String { text(forDigest: false) }

    /// SHA-256 of the canonical form without what a resumed run may change or only describes: epochs, title and
    /// published figures.
    public var digest: SHA256Digest { SHA256Digest(of: Array(text(forDigest: true).utf8)) }

    private func text(forDigest: Bool) -> String {
        var lines = ["name: \(CanonicalText.quoted(name))"]
        if !forDigest {
            lines.append("title: \(CanonicalText.quoted(title))")
            lines += publishedLines
        }
        lines += ["data:"] + dataset.canonicalLines.map { "  \($0)" }
        lines += [
            "model:",
            "  input: [\(model.inputShape.height), \(model.inputShape.width), \(model.inputShape.channels)]",
            "  layers:",
        ]
        lines += model.layers.map { "    - \($0.layer.canonicalText)" }
        if let initialWeights {
            lines.append("initial_weights: \(initialWeights.canonicalSettings)")
        }
        lines += ["loss: \(lossText)", "optimizer:", "  \(optimizer.method.canonicalText)"]
        if !optimizer.schedule.isEqual(to: ConstantSchedule()) {
            lines.append("schedule: {\(optimizer.schedule.canonicalText)}")
        }
        if let norm = optimizer.clippingNorm { lines.append("clip_norm: \(norm)") }
        if let earlyStopping { lines.append("early_stopping: \(earlyStopping.canonicalSettings)") }
        lines.append("batch_size: \(batchSize)")
        if !forDigest { lines.append("epochs: \(epochs)") }
        lines += ["micro_batches: \(microBatchCount)", "seed: \(seed)"]
        return lines.map { $0 + "\n" }.joined()
    }

    /// A bare name, or a mapping of the name to its settings.
    private var lossText: String {
        let text = loss.loss.canonicalText
        return text == loss.loss.key ? text : "{\(text)}"
    }

    private var publishedLines: [String] {
        guard !published.isEmpty else { return [] }
        return ["published:"]
            + published.map { figure in
                switch figure.value {
                case .number(let value): "  \(CanonicalText.quoted(figure.name)): \(value)"
                case .text(let text): "  \(CanonicalText.quoted(figure.name)): \(CanonicalText.quoted(text))"
                }
            }
    }
}
