internal import Core
public import NeuralNetwork

/// Everything that decides the bits of a training: model, data, loss, optimizer, batch sizes and seed.
///
/// ```swift
/// var published = try Experiment.shipped(named: "A-1")
/// published.epochs = 2
///
/// let own = Experiment(
///     name: "own", dataset: DatasetConfiguration(.fashionMNIST),
///     model: ModelConfiguration(
///         inputShape: ImageShape(height: 28, width: 28, channels: 1),
///         layers: [.flatten, .dense(units: 128), .dense(units: 10, activation: .softmax)]),
///     optimizer: .adam(learningRate: 0.001), batchSize: 64, epochs: 5)
/// ```
public struct Experiment: Sendable, Equatable {
    /// A short name, which also names run folders: letters, digits, ".", "_" and "-", beginning with a letter or digit.
    public var name: String
    /// One line for listings; may be empty.
    public var title: String
    /// Figures of the write-up that the experiment repeats, in its order; only for listings.
    public var published: [PublishedFigure]
    public var dataset: DatasetConfiguration
    public var model: ModelConfiguration
    public var loss: LossConfiguration
    public var optimizer: OptimizerConfiguration
    /// When training ends before its last epoch; nil never.
    public var earlyStopping: EarlyStopping?
    /// Samples in a global batch.
    public var batchSize: Int
    public var epochs: Int
    /// Pieces of a global batch whose gradients are summed by a fixed tree: a power of two, part of the arithmetic.
    public var microBatchCount: Int
    public var seed: UInt64
    /// The initial weights, where they are not random.
    public var initialWeights: InitialWeightsConfiguration?

    public init(
        name: String, title: String = "", published: [PublishedFigure] = [], dataset: DatasetConfiguration,
        model: ModelConfiguration, loss: LossConfiguration = .categoricalCrossEntropy(),
        optimizer: OptimizerConfiguration = .adam(), earlyStopping: EarlyStopping? = nil,
        batchSize: Int, epochs: Int, microBatchCount: Int = 8, seed: UInt64 = 1,
        initialWeights: InitialWeightsConfiguration? = nil
    ) {
        self.name = name
        self.title = title
        self.published = published
        self.dataset = dataset
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.earlyStopping = earlyStopping
        self.batchSize = batchSize
        self.epochs = epochs
        self.microBatchCount = microBatchCount
        self.seed = seed
        self.initialWeights = initialWeights
    }
}

/// One published figure of an experiment.
///
/// ```swift
/// let figure = PublishedFigure(name: "test_accuracy", value: .number(0.91))
/// ```
public struct PublishedFigure: Sendable, Equatable {
    public var name: String
    public var value: Value

    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }

    /// A number, or a text where the write-up has none.
    ///
    /// ```swift
    /// let epochs = PublishedFigure(name: "epochs", value: .text("10 to 12"))
    /// ```
    public enum Value: Sendable, Equatable, CustomStringConvertible {
        case number(Double)
        case text(String)

        public var description: String {
            switch self {
            case .number(let value): value.description
            case .text(let text): text
            }
        }
    }
}
