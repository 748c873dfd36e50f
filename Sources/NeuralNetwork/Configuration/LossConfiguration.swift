/// The loss of a classifier, and what it makes of a sample's integer label.
package struct LossConfiguration: Sendable, Equatable {
    package var kind: Kind
    /// ε: the target of class j is (1 − ε)·[j = label] + ε / classCount, or + ε / 2 for binary cross-entropy.
    package var labelSmoothing: Float

    package init(kind: Kind, labelSmoothing: Float = 0) {
        self.kind = kind
        self.labelSmoothing = labelSmoothing
    }

    package static let sparseCategoricalCrossEntropy = LossConfiguration(kind: .sparseCategoricalCrossEntropy)

    package enum Kind: String, Sendable, Equatable, CaseIterable {
        /// −log of the label's probability. The last layer is softmax, or sigmoid read as Keras 2 does: the outputs are
        /// clipped to [1e-7, 1 − 1e-7] and divided by their sum before the logarithm.
        case sparseCategoricalCrossEntropy = "sparse_categorical_crossentropy"
        /// The same on targets of one value a class, where labels can be smoothed.
        case categoricalCrossEntropy = "categorical_crossentropy"
        /// The mean over the classes of −t·log p − (1 − t)·log(1 − p), with p clipped to [1e-7, 1 − 1e-7].
        case binaryCrossEntropy = "binary_crossentropy"
        /// The mean over the classes of (p − t)².
        case meanSquaredError = "mean_squared_error"
    }
}
