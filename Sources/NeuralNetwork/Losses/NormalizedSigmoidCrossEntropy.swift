internal import KernelInterface

/// Sigmoid outputs with sparse categorical cross-entropy, as Keras 2 computes it.
///
/// σ_j = 1 / (1 + e^(−z_j)), c_j = σ_j clipped to [1e-7, 1 − 1e-7], S = Σ c_j (classes ascending), q_j = c_j / S, loss
/// = −ln q_y.
///
/// Gradient: ∂loss/∂c_j = 1/S − [j = y]/c_j; ∂c_j/∂σ_j is 1 in the closed interval and 0 outside, as TensorFlow defines
/// it for a clip; ∂σ_j/∂z_j = σ_j(1 − σ_j). Where the clip passes, c_j = σ_j, so together ∂loss/∂z_j = (q_j − [j =
/// y])·(1 − σ_j) there, and +0 where it does not.
enum NormalizedSigmoidCrossEntropy {
    static let lowerBound: Float = 1e-7
    static let upperBound: Float = 1 - 1e-7

    static func evaluate(_ rows: LossRows, kernels: KernelTable) {
        let classes = rows.classCount
        kernels.sigmoid(rows.count * classes, rows.logits, rows.probabilities)
        for row in 0..<rows.count {
            let outputs = rows.probabilities + row * classes
            rows.predict(row, from: outputs)
            normalize(outputs, gradient: rows.logitGradient + row * classes, label: rows.label(row), classes)
            rows.losses[row] = outputs[rows.label(row)]
        }
        kernels.logarithm(rows.count, rows.losses, rows.losses)
        for row in 0..<rows.count { rows.losses[row] = 0 - rows.losses[row] }
    }

    /// Replaces σ by q in `outputs` and writes the gradient.
    @inline(__always)
    private static func normalize(
        _ outputs: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>, label: Int, _ classes: Int
    ) {
        var sum: Float = 0
        for index in 0..<classes { sum += clipped(outputs[index]) }
        for index in 0..<classes {
            let sigma = outputs[index]
            let share = clipped(sigma) / sum
            let difference = index == label ? share - 1 : share
            // Written so that NaN passes, and shows.
            let isClipped = sigma < lowerBound || sigma > upperBound
            gradient[index] = isClipped ? 0 : difference * (1 - sigma)
            outputs[index] = share
        }
    }

    @inline(__always)
    private static func clipped(_ value: Float) -> Float {
        value < lowerBound ? lowerBound : value > upperBound ? upperBound : value
    }
}
