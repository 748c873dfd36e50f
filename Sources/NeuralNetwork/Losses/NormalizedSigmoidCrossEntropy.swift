internal import KernelInterface

/// Sigmoid outputs with categorical cross-entropy, as Keras 2 computes it.
///
/// σ_j = 1 / (1 + e^(−z_j)), c_j = σ_j clipped to [1e-7, 1 − 1e-7], S = Σ c_j (classes ascending), q_j = c_j / S, loss
/// = −ln q_y, or with smoothed targets −Σ t_j·ln q_j, classes ascending.
///
/// Gradient: ∂loss/∂c_j = 1/S − t_j/c_j; ∂c_j/∂σ_j is 1 in the closed interval and 0 outside, as TensorFlow defines
/// it for a clip; ∂σ_j/∂z_j = σ_j(1 − σ_j). Where the clip passes, c_j = σ_j, so together ∂loss/∂z_j = (q_j − t_j)·(1 −
/// σ_j) there, and +0 where it does not.
enum NormalizedSigmoidCrossEntropy {
    static func evaluate(_ rows: LossRows, kernels: KernelTable) {
        let classes = rows.classCount
        kernels.sigmoid(rows.count * classes, rows.logits, rows.probabilities)
        for row in 0..<rows.count {
            let outputs = rows.probabilities + row * classes
            rows.predict(row, from: outputs)
            normalize(outputs, gradient: rows.logitGradient + row * classes, row, rows)
            rows.losses[row] = outputs[rows.label(row)]
        }
        guard !rows.targets.isSmoothed else { return sumSmoothed(rows, kernels) }
        kernels.logarithm(rows.count, rows.losses, rows.losses)
        for row in 0..<rows.count { rows.losses[row] = 0 - rows.losses[row] }
    }

    /// Replaces σ by q in `outputs` and writes the gradient.
    @inline(__always)
    private static func normalize(
        _ outputs: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>, _ row: Int, _ rows: LossRows
    ) {
        let (classes, label) = (rows.classCount, rows.label(row))
        var sum: Float = 0
        for index in 0..<classes { sum += Clipping.clipped(outputs[index]) }
        for index in 0..<classes {
            let sigma = outputs[index]
            let share = Clipping.clipped(sigma) / sum
            let target = rows.targets.value(of: index, label: label)
            gradient[index] = Clipping.passes(sigma) ? (share - target) * (1 - sigma) : 0
            outputs[index] = share
        }
    }

    private static func sumSmoothed(_ rows: LossRows, _ kernels: KernelTable) {
        rows.scratch { logarithms in
            for row in 0..<rows.count {
                kernels.logarithm(rows.classCount, rows.probabilities + row * rows.classCount, logarithms)
                var sum: Float = 0
                for index in 0..<rows.classCount {
                    sum += rows.targets.value(of: index, label: rows.label(row)) * logarithms[index]
                }
                rows.losses[row] = 0 - sum
            }
        }
    }
}

/// Keras's limits of a probability before a logarithm.
enum Clipping {
    static let lowerBound: Float = 1e-7
    static let upperBound: Float = 1 - 1e-7

    @inline(__always)
    static func clipped(_ value: Float) -> Float {
        value < lowerBound ? lowerBound : value > upperBound ? upperBound : value
    }

    /// Whether a gradient passes. Written so that NaN passes, and shows.
    @inline(__always)
    static func passes(_ value: Float) -> Bool { !(value < lowerBound || value > upperBound) }
}
