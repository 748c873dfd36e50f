internal import Core
package import NeuralNetwork

/// Everything that decides the bits of a training: model, data, loss, optimizer, batch sizes and seed.
package struct Experiment: Sendable, Equatable {
    /// A short name, which also names run folders: letters, digits, ".", "_" and "-", beginning with a letter or digit.
    package var name: String
    /// One line for listings; may be empty.
    package var title: String
    /// Figures of the write-up that the experiment repeats, in its order; only for listings.
    package var published: [PublishedFigure]
    package var dataset: DatasetConfiguration
    package var model: ModelConfiguration
    package var loss: any Loss
    package var optimizer: OptimizerConfiguration
    /// When training ends before its last epoch; nil never.
    package var earlyStopping: EarlyStopping?
    /// Samples in a global batch.
    package var batchSize: Int
    package var epochs: Int
    /// Pieces of a global batch whose gradients are summed by a fixed tree: a power of two, part of the arithmetic.
    package var microBatchCount: Int
    package var seed: UInt64
    /// The initial weights, where they are not random.
    package var initialWeights: InitialWeightsConfiguration?

    package init(
        name: String, title: String = "", published: [PublishedFigure] = [], dataset: DatasetConfiguration,
        model: ModelConfiguration, loss: any Loss = CategoricalCrossEntropy(),
        optimizer: OptimizerConfiguration = OptimizerConfiguration(Adam()), earlyStopping: EarlyStopping? = nil,
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

    package static func == (left: Experiment, right: Experiment) -> Bool {
        left.name == right.name && left.title == right.title && left.published == right.published
            && left.dataset == right.dataset && left.model == right.model && left.loss.isEqual(to: right.loss)
            && left.optimizer == right.optimizer && left.earlyStopping == right.earlyStopping
            && left.batchSize == right.batchSize && left.epochs == right.epochs
            && left.microBatchCount == right.microBatchCount && left.seed == right.seed
            && left.initialWeights == right.initialWeights
    }
}

/// One published figure of an experiment.
package struct PublishedFigure: Sendable, Equatable {
    package var name: String
    package var value: Value

    package init(name: String, value: Value) {
        self.name = name
        self.value = value
    }

    package enum Value: Sendable, Equatable, CustomStringConvertible {
        case number(Double)
        case text(String)

        package var description: String {
            switch self {
            case .number(let value): value.description
            case .text(let text): text
            }
        }
    }
}
