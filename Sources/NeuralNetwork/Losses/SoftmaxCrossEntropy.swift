internal import KernelInterface

/// Softmax with sparse categorical cross-entropy.
///
/// With m = max z and S = Σ e^(z_j − m), classes ascending: p_j = e^(z_j − m) / S, loss = ln S + (m − z_y), which stays
/// finite where p_y is too small for a Float; the gradient by z_j is p_j − [j = y].
enum SoftmaxCrossEntropy {
    static func evaluate(_ rows: LossRows, kernels: KernelTable) {
        let classes = rows.classCount
        for row in 0..<rows.count {
            let logits = rows.logits + row * classes
            let shifted = rows.probabilities + row * classes
            let maximum = Self.maximum(logits, classes)
            for index in 0..<classes { shifted[index] = logits[index] - maximum }
        }
        kernels.exponential(rows.count * classes, rows.probabilities, rows.probabilities)
        for row in 0..<rows.count {
            let probabilities = rows.probabilities + row * classes
            var sum: Float = 0
            for index in 0..<classes { sum += probabilities[index] }
            rows.losses[row] = sum
            for index in 0..<classes { probabilities[index] /= sum }
            rows.predict(row, from: probabilities)
        }
        kernels.logarithm(rows.count, rows.losses, rows.losses)
        for row in 0..<rows.count { finish(row, rows) }
    }

    /// The loss from ln S, and the gradient.
    private static func finish(_ row: Int, _ rows: LossRows) {
        let classes = rows.classCount
        let label = rows.label(row)
        let logits = rows.logits + row * classes
        rows.losses[row] += maximum(logits, classes) - logits[label]
        let probabilities = rows.probabilities + row * classes
        let gradient = rows.logitGradient + row * classes
        for index in 0..<classes { gradient[index] = probabilities[index] }
        gradient[label] -= 1
    }

    /// The largest value; NaN, which the loss must show, wins over all.
    @inline(__always)
    private static func maximum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        var best = values[0]
        for index in 1..<count where !(values[index] <= best) { best = values[index] }
        return best
    }
}
