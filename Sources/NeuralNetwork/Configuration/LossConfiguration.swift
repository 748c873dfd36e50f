/// The loss of a classifier with one integer label a sample.
public enum LossConfiguration: String, Sendable, Equatable, CaseIterable {
    /// −log of the label's probability. The last layer is softmax, or sigmoid read as Keras 2 does: the outputs are
    /// clipped to [1e-7, 1 − 1e-7] and divided by their sum before the logarithm.
    case sparseCategoricalCrossEntropy = "sparse_categorical_crossentropy"
}
