public import Core
import NeuralNetwork
import YAML

extension Experiment {
    /// The longest text of an experiment, in bytes.
    static let byteLimit = 1 << 20

    /// Reads an experiment strictly: unknown keys, wrong types and values out of range are errors.
    /// `source` is the text's file in messages.
    ///
    /// - Throws: `ExperimentError` with the line and the key.
    public init(yaml: String, source: String) throws(ExperimentError) {
        let root = try Self.root(yaml: yaml, source: source)
        do {
            try self.init(reading: root)
        } catch {
            throw ExperimentError(source: source, error)
        }
    }

    /// The values of a text before they are checked.
    static func root(yaml: String, source: String) throws(ExperimentError) -> SettingNode {
        guard yaml.utf8.count <= byteLimit else {
            throw ExperimentError(source: source, problem: .tooLarge(byteLimit: byteLimit))
        }
        do {
            // Some editors begin a file with a byte-order mark.
            let text = yaml.unicodeScalars.first == "\u{FEFF}" ? String(yaml.unicodeScalars.dropFirst()) : yaml
            return try YAMLText.root(of: text, noun: "experiments")
        } catch {
            throw ExperimentError(source: source, line: error.line, problem: .syntax(error.problem))
        }
    }

    /// The experiment as YAML with every value written out: equal experiments give the same text, and it reads back
    /// equal.
    public var canonicalForm: String { canonicalBlock() }

    /// SHA-256 of the canonical form without what a resumed run may change or only describes: epochs, title and
    /// published figures.
    public var digest: SHA256Digest {
        SHA256Digest(of: Array(canonicalBlock(without: ["epochs", "title", "published"]).utf8))
    }
}

extension Experiment: SettingsGroup {
    package init() {
        self.init(
            name: "", dataset: DatasetConfiguration(),
            model: ModelConfiguration(inputShape: ImageShape(height: 1, width: 1, channels: 1), layers: []),
            batchSize: 1, epochs: 1)
    }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("name", &name, .name(allowsDots: true), .required, "The name, also of the run's folder.")
        try visitor.visit("title", &title, .line, "One line for listings.")
        try visitor.visit(
            "published", &published, .figures, .whenChanged, "Figures of the write-up that the experiment repeats.")
        try visitor.visit("data", &dataset, .data, .required, "The images, see Data.")
        try visitor.visit("model", &model, .model, .required, "The network, see Model.")
        try visitor.visit(
            "initial_weights", optional: &initialWeights, .initialWeights, "Where the weights are not random.")
        try visitor.visit("loss", &loss.loss, .loss, .required, "What a step makes smaller, see Losses.")
        try visitor.visit("optimizer", &optimizer.method, .optimizer, .required, "How it does so, see Optimizers.")
        try visitor.visit(
            "schedule", &optimizer.schedule, .schedule, .whenChanged, "The learning rate over time, see Schedules.")
        try visitor.visit(
            "clip_norm", optional: &optimizer.clippingNorm, .above(0),
            "Gradients, penalties included, whose norm over all parameters is larger are scaled down to it.")
        try visitor.visit(
            "early_stopping", optional: &earlyStopping, .settings, "When training ends before its last epoch.")
        try visitor.visit(
            "batch_size", &batchSize, .within(ExperimentLimits.batchSize), .required, "Samples in a global batch.")
        try visitor.visit("epochs", &epochs, .within(ExperimentLimits.epochs), .required, "Passes over the samples.")
        try visitor.visit(
            "micro_batches", &microBatchCount, .microBatchCount,
            "Pieces of a batch whose gradients are summed by a fixed tree; no more workers than this compute.")
        try visitor.visit("seed", &seed, .unsigned, "Decides everything that is drawn at random.")
    }
}

extension Experiment {
    package var conflict: SettingConflict? {
        guard earlyStopping != nil, dataset.validation == .none else { return nil }
        return SettingConflict(
            key: "early_stopping",
            reason:
                "there is nothing to monitor, because data.validation is none: give validation samples, or leave it out"
        )
    }
}

extension ModelConfiguration: SettingsGroup {
    package init() {
        self.init(inputShape: ImageShape(height: 1, width: 1, channels: 1), layers: [])
    }

    /// Whether the shapes fit together is checked when the model is made.
    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("input", &inputShape, .imageShape, .required, "The size of one image.")
        try visitor.visit("layers", &layers, .layers, .required, "The layers, each fed by the one before.")
    }
}

extension SettingFormat where Value == String {
    fileprivate static var line: Self { .text("text", "text") { _ in true } }
}

extension SettingFormat where Value == Int {
    fileprivate static var microBatchCount: Self {
        Self(
            ExperimentLimits.microBatchExpectation,
            read: { node throws(SettingError) in
                let value = try node.integer(ExperimentLimits.microBatchCount)
                guard ExperimentLimits.isMicroBatchCount(value) else {
                    throw node.outOfRange(ExperimentLimits.microBatchExpectation, found: String(value))
                }
                return value
            }, text: { "\($0)" })
    }
}

extension SettingFormat where Value == [PublishedFigure] {
    /// Any names, each with a number or text.
    fileprivate static var figures: Self {
        let nameExpectation = SettingFormat<String>.name(allowsDots: true).expectation
        return Self(
            "a mapping of names to numbers or texts",
            read: { node throws(SettingError) in
                let mapping = try node.mapping(allowed: nil, expected: "a mapping of names to figures")
                var figures: [PublishedFigure] = []
                for key in mapping.keys {
                    let value = try mapping.required(key)
                    guard SettingName.isValid(key) else {
                        throw value.outOfRange(nameExpectation, found: quoted(key))
                    }
                    let figure: PublishedFigure.Value =
                        if let number = value.anyNumber {
                            .number(number)
                        } else {
                            .text(try value.text("a number or text"))
                        }
                    figures.append(PublishedFigure(name: key, value: figure))
                }
                return figures
            },
            text: { figures in
                CanonicalText.block(
                    figures.map { figure in
                        switch figure.value {
                        case .number(let value): "\(CanonicalText.quoted(figure.name)): \(value)"
                        case .text(let text): "\(CanonicalText.quoted(figure.name)): \(CanonicalText.quoted(text))"
                        }
                    })
            })
    }
}

extension SettingFormat where Value == DatasetConfiguration {
    fileprivate static var data: Self {
        Self(
            "a mapping", read: { node throws(SettingError) in try DatasetConfiguration(checking: node) },
            text: { CanonicalText.block($0.canonicalLines) })
    }
}

extension SettingFormat where Value == ModelConfiguration {
    fileprivate static var model: Self {
        Self(
            "a mapping", read: { node throws(SettingError) in try ModelConfiguration(reading: node) },
            text: { CanonicalText.block($0.canonicalLines) })
    }
}

extension SettingFormat where Value == ImageShape {
    fileprivate static var imageShape: Self {
        let noun = "a list of height, width and channels"
        let (extents, channels) = (ExperimentLimits.imageExtent, ExperimentLimits.channels)
        return Self(
            "`[height, width, channels]` or `[height, width]` of grey images, at most \(extents.upperBound), "
                + "\(extents.upperBound) and \(channels.upperBound)",
            read: { node throws(SettingError) in
                let elements = try node.elements(noun)
                guard 2...3 ~= elements.count else { throw node.wrongType(noun) }
                return ImageShape(
                    height: try elements[0].integer(extents), width: try elements[1].integer(extents),
                    channels: try elements.count == 2 ? 1 : elements[2].integer(channels))
            }, text: { "[\($0.height), \($0.width), \($0.channels)]" })
    }
}

extension SettingFormat where Value == [LayerConfiguration] {
    fileprivate static var layers: Self {
        let limit = "1 to \(ExperimentLimits.layers.upperBound) layers"
        return Self(
            "a list of \(limit), see Layers",
            read: { node throws(SettingError) in
                let elements = try node.elements("a list of layers")
                guard ExperimentLimits.layers.contains(elements.count) else {
                    throw node.outOfRange(limit, found: String(elements.count))
                }
                var layers: [LayerConfiguration] = []
                for element in elements { layers += try entry(element) }
                return layers
            }, text: { layers in CanonicalText.block(layers.map { "- \($0.layer.canonicalText)" }) })
    }

    /// One entry of the list; `vgg16` is many layers.
    private static func entry(_ node: SettingNode) throws(SettingError) -> [LayerConfiguration] {
        let kinds: [any SettingsKind.Type] = LayerKinds.all + [VGG16.self]
        let choice = try node.choice(of: kinds, "a layer", one: "one layer (begin each with a dash)")
        guard choice.index < LayerKinds.all.count else { return try VGG16(reading: choice).layers }
        return [LayerConfiguration(try LayerKinds.all[choice.index].init(reading: choice))]
    }
}

extension SettingFormat where Value == InitialWeightsConfiguration {
    fileprivate static var initialWeights: Self {
        Self(
            "a mapping", read: { node throws(SettingError) in try InitialWeightsConfiguration(checking: node) },
            text: { $0.canonicalSettings })
    }
}

extension SettingFormat where Value == any Loss {
    fileprivate static var loss: Self {
        Self(
            "a loss", read: { node throws(SettingError) in try LossKinds.read(node) },
            text: { $0.canonicalValue })
    }
}

extension SettingFormat where Value == any OptimizerMethod {
    fileprivate static var optimizer: Self {
        Self(
            "an optimizer", read: { node throws(SettingError) in try OptimizerKinds.read(node) },
            text: { CanonicalText.block([$0.canonicalText]) })
    }
}

extension SettingFormat where Value == any LearningRateSchedule {
    fileprivate static var schedule: Self {
        Self(
            "a schedule", read: { node throws(SettingError) in try ScheduleKinds.read(node) },
            text: { $0.canonicalValue })
    }
}
