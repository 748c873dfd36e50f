internal import KernelInterface

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
