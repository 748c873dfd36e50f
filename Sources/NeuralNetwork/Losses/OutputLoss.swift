internal import KernelInterface

/// Losses of each output by itself, averaged over the classes: binary cross-entropy and mean squared error.
///
/// With outputs p of softmax, sigmoid or none, targets t and K classes, classes ascending:
///
///     binary cross-entropy  loss = (1/K)·Σ −t_j·ln c_j − (1 − t_j)·ln(1 − c_j),  c = p clipped to [1e-7, 1 − 1e-7]
///                           g_j = ((1 − t_j)/(1 − c_j) − t_j/c_j)/K where the clip passes, 0 elsewhere
///     mean squared error    loss = (1/K)·Σ (p_j − t_j)²,  g_j = 2·(p_j − t_j)/K
///
/// and through the activation: softmax p_j·(g_j − Σ g_k·p_k), sigmoid g_j·p_j·(1 − p_j).
enum OutputLoss {
    static func evaluate(
        _ rows: LossRows, kind: LossConfiguration.Kind, activation: Activation, kernels: KernelTable
    ) {
        apply(activation, rows, kernels)
        rows.scratch { logarithms in
            for row in 0..<rows.count {
                rows.predict(row, from: rows.probabilities + row * rows.classCount)
                if kind == .meanSquaredError {
                    squaredError(row, rows)
                } else {
                    binaryCrossEntropy(row, rows, logarithms, kernels)
                }
            }
        }
        backward(activation, rows, kernels)
    }

    private static func apply(_ activation: Activation, _ rows: LossRows, _ kernels: KernelTable) {
        let count = rows.count * rows.classCount
        switch activation {
        case .sigmoid: kernels.sigmoid(count, rows.logits, rows.probabilities)
        case .softmax:
            let softmax = SoftmaxRows(count: rows.count, classCount: rows.classCount)
            softmax.exponentials(of: rows.logits, into: rows.probabilities, kernels)
            for row in 0..<rows.count {
                softmax.divide(row, rows.probabilities, by: softmax.sum(row, rows.probabilities))
            }
        default: rows.probabilities.update(from: rows.logits, count: count)
        }
    }

    private static func squaredError(_ row: Int, _ rows: LossRows) {
        let classes = Float(rows.classCount)
        let (outputs, gradient) = rows.outputs(row)
        var sum: Float = 0
        for index in 0..<rows.classCount {
            let difference = outputs[index] - rows.targets.value(of: index, label: rows.label(row))
            sum += difference * difference
            gradient[index] = 2 * difference / classes
        }
        rows.losses[row] = sum / classes
    }

    /// `logarithms` has room for two values a class.
    private static func binaryCrossEntropy(
        _ row: Int, _ rows: LossRows, _ logarithms: UnsafeMutablePointer<Float>, _ kernels: KernelTable
    ) {
        let classes = rows.classCount
        let (outputs, gradient) = rows.outputs(row)
        for index in 0..<classes {
            let share = Clipping.clipped(outputs[index])
            logarithms[index] = share
            logarithms[classes + index] = 1 - share
        }
        for index in 0..<classes {
            let target = rows.targets.value(of: index, label: rows.label(row))
            let slope = (1 - target) / logarithms[classes + index] - target / logarithms[index]
            gradient[index] = Clipping.passes(outputs[index]) ? slope / Float(classes) : 0
        }
        kernels.logarithm(2 * classes, logarithms, logarithms)
        var sum: Float = 0
        for index in 0..<classes {
            let target = rows.targets.value(of: index, label: rows.label(row))
            sum += target * logarithms[index] + (1 - target) * logarithms[classes + index]
        }
        rows.losses[row] = (0 - sum) / Float(classes)
    }

    /// From the gradient by the outputs to that by the logits, in place.
    private static func backward(_ activation: Activation, _ rows: LossRows, _ kernels: KernelTable) {
        let gradient = rows.logitGradient
        switch activation {
        case .softmax:
            let softmax = SoftmaxRows(count: rows.count, classCount: rows.classCount)
            for row in 0..<rows.count { softmax.backward(row, rows.probabilities, gradient, gradient) }
        case .sigmoid: kernels.sigmoidBackward(rows.count * rows.classCount, rows.probabilities, gradient)
        default: break
        }
    }
}
