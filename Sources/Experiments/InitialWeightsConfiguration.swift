public import Core

/// The initial weights of a training, where they are not drawn at random.
///
/// ```swift
/// var experiment = try Experiment.shipped(named: "A-1")
/// experiment.initialWeights = InitialWeightsConfiguration(origin: .file("weights.safetensors"))
/// ```
public struct InitialWeightsConfiguration: SettingsGroup {
    /// Where weights come from.
    ///
    /// ```swift
    /// let origin = InitialWeightsConfiguration.Origin.run("D-vgg")
    /// ```
    public enum Origin: Sendable, Equatable {
        /// A weights file: a checkpoint, a safetensors file or one of Keras's.
        case file(String)
        /// The result of the newest run of the experiment with this name.
        case run(String)
    }

    /// Layers that go by one name.
    ///
    /// ```swift
    /// let weights = InitialWeightsConfiguration(origin: .file("vgg16.h5"), layers: .vgg16)
    /// ```
    public enum LayerGroup: String, Sendable, Equatable, CaseIterable {
        /// The convolutions of the `vgg16` layer group.
        case vgg16

        package var layerNames: [String] {
            switch self {
            case .vgg16: VGG16.names
            }
        }
    }

    /// The weights' origin; nil when only their digest is left.
    public var origin: Origin?
    /// The layers that the weights fill, the others keeping their random start; nil fills all.
    public var layers: LayerGroup?
    /// SHA-256 of the file. It is computed before the first step, and decides the bits of a training.
    public var digest: SHA256Digest?
    /// Whether layers that do not match the file keep their random start, for fine-tuning to other classes.
    public var skipsMismatches: Bool

    public init(
        origin: Origin? = nil, layers: LayerGroup? = nil, digest: SHA256Digest? = nil, skipsMismatches: Bool = false
    ) {
        self.origin = origin
        self.layers = layers
        self.digest = digest
        self.skipsMismatches = skipsMismatches
    }

    package init() { self.init(origin: nil) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        var (file, run) = (file, run)
        try visitor.visit(
            "file", optional: &file, .weightsPath, "A checkpoint, a safetensors file or one of Keras's. Or give `run`.")
        try visitor.visit(
            "run", optional: &run, .name(allowsDots: true),
            "The name of an experiment, whose newest run's result is taken.")
        origin = file.map { .file($0) } ?? run.map { .run($0) }
        try visitor.visit("layers", optional: &layers, .choice, "The layers that are filled; missing for all.")
        try visitor.visit("sha256", optional: &digest, .digest, "The SHA-256 of the file.")
        try visitor.visit(
            "skip_mismatch", &skipsMismatches, .truth, .whenChanged,
            "Whether layers that do not match the file keep their random start.")
    }

    private var file: String? {
        if case .file(let path) = origin { path } else { nil }
    }

    private var run: String? {
        if case .run(let name) = origin { name } else { nil }
    }

    /// Reads the origin of an experiment's weights: one origin, a digest, or both.
    init(checking node: SettingNode) throws(SettingError) {
        try self.init(reading: node)
        let mapping = try node.mapping(allowed: nil)
        guard mapping.optional("file") == nil || mapping.optional("run") == nil else {
            throw node.wrongType("a file or a run, not both")
        }
        guard origin != nil || digest != nil else { throw node.failure(.missingKey("file")) }
    }
}

extension Experiment {
    /// Whether a run of this experiment is a run of `other`: both are equal, except that initial weights may have a
    /// digest here and an origin there.
    package func isRun(of other: Experiment) -> Bool {
        var resolved = other
        if other.initialWeights?.origin != nil, let digest = initialWeights?.digest {
            guard other.initialWeights?.digest ?? digest == digest else { return false }
            resolved.initialWeights?.origin = nil
            resolved.initialWeights?.digest = digest
        }
        return resolved.digest == self.digest
    }
}

extension SettingFormat where Value == String {
    fileprivate static var weightsPath: Self {
        .text("the path of a file", "a path of 1 to 1000 bytes") {
            (1...1000).contains($0.utf8.count) && !$0.utf8.contains(0)
        }
    }
}

extension SettingFormat where Value == SHA256Digest {
    fileprivate static var digest: Self {
        Self(
            "64 hexadecimal digits in quotes",
            read: { node throws(SettingError) in
                let text = try node.text("a SHA-256 digest")
                guard let digest = SHA256Digest(hexadecimal: text) else {
                    throw node.outOfRange("64 hexadecimal digits in quotes", found: quoted(text))
                }
                return digest
            }, text: { "\"\($0.hexadecimal)\"" })
    }
}
