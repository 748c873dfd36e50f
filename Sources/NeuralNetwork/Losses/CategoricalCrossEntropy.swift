package import Core
package import KernelInterface

/// Categorical cross-entropy of softmax or sigmoid outputs.
package struct CategoricalCrossEntropy: Loss {
    package static let key = "sparse_categorical_crossentropy"
    package static let keys = [key, "categorical_crossentropy"]
    package static let documentation = """
        −ln of the label's probability. The last layer is softmax, or sigmoid as Keras 2 reads it: the outputs are clipped to \
        [1e-7, 1 − 1e-7] and divided by their sum before the logarithm. Both names compute the same; Keras has the second \
        one for targets of one value a class.
        """
    package static let outputActivations: [Activation] = [.softmax, .sigmoid]

    /// Which of the two names is used. Both compute the same.
    package var isSparse: Bool
    package var labelSmoothing: Float

    package init(isSparse: Bool = true, labelSmoothing: Float = 0) {
        self.isSparse = isSparse
        self.labelSmoothing = labelSmoothing
    }

    package init() { self.init(isSparse: true) }

    package static func defaults(for key: String) -> CategoricalCrossEntropy {
        CategoricalCrossEntropy(isSparse: key == Self.key)
    }

    package var key: String { Self.keys[isSparse ? 0 : 1] }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(labelSmoothing: &labelSmoothing)
    }

    package func evaluate(_ rows: LossRows, activation: Activation, kernels: KernelTable) {
        if activation == .sigmoid {
            NormalizedSigmoidCrossEntropy.evaluate(rows, kernels: kernels)
        } else {
            SoftmaxCrossEntropy.evaluate(rows, kernels: kernels)
        }
    }
}

/// Softmax with categorical cross-entropy.
///
/// With m = max z and S = Σ e^(z_j − m), classes ascending: p_j = e^(z_j − m) / S, loss = ln S + (m − z_y), which stays
/// finite where p_y is too small for a Float; the gradient by z_j is p_j − t_j. With smoothed targets the loss is
/// ln S + Σ t_j·(m − z_j), classes ascending.
enum SoftmaxCrossEntropy {
    static func evaluate(_ rows: LossRows, kernels: KernelTable) {
        let softmax = SoftmaxRows(count: rows.count, classCount: rows.classCount)
        softmax.exponentials(of: rows.logits, into: rows.probabilities, kernels)
        for row in 0..<rows.count {
            let sum = softmax.sum(row, rows.probabilities)
            rows.losses[row] = sum
            softmax.divide(row, rows.probabilities, by: sum)
            rows.predict(row, from: rows.probabilities + row * rows.classCount)
        }
        kernels.logarithm(rows.count, rows.losses, rows.losses)
        for row in 0..<rows.count { finish(row, rows, softmax) }
    }

    /// The loss from ln S, and the gradient.
    private static func finish(_ row: Int, _ rows: LossRows, _ softmax: SoftmaxRows) {
        let classes = rows.classCount
        let label = rows.label(row)
        let logits = rows.logits + row * classes
        let maximum = softmax.maximum(logits)
        let probabilities = rows.probabilities + row * classes
        let gradient = rows.logitGradient + row * classes
        guard rows.targets.isSmoothed else {
            rows.losses[row] += maximum - logits[label]
            for index in 0..<classes { gradient[index] = probabilities[index] }
            gradient[label] -= 1
            return
        }
        var sum: Float = 0
        for index in 0..<classes {
            let target = rows.targets.value(of: index, label: label)
            sum += target * (maximum - logits[index])
            gradient[index] = probabilities[index] - target
        }
        rows.losses[row] += sum
    }
}

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

extension LossConfiguration {
    /// −ln of the label's probability; the last layer is softmax or sigmoid.
    public static func categoricalCrossEntropy(labelSmoothing: Float = 0) -> Self {
        Self(CategoricalCrossEntropy(labelSmoothing: labelSmoothing))
    }
}
