package import Core
package import KernelInterface

/// Binary cross-entropy of each output by itself.
package struct BinaryCrossEntropy: Loss {
    package static let key = "binary_crossentropy"
    package static let documentation = """
        The mean over the K classes of −t_j·ln c_j − (1 − t_j)·ln(1 − c_j), classes ascending, where c_j is the output p_j \
        clipped to [1e-7, 1 − 1e-7]. The last layer is softmax or sigmoid. Label smoothing makes the targets 1 − ε/2 and ε/2.
        """
    package static let outputActivations: [Activation] = [.softmax, .sigmoid]

    package var labelSmoothing: Float

    package init(labelSmoothing: Float) {
        self.labelSmoothing = labelSmoothing
    }

    package init() { self.init(labelSmoothing: 0) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(labelSmoothing: &labelSmoothing)
    }

    /// Each output is a question with two answers, as in Keras.
    package func answerCount(classCount: Int) -> Int { 2 }

    /// The gradient by the outputs is g_j = ((1 − t_j)/(1 − c_j) − t_j/c_j)/K where the clip passes, and 0 elsewhere.
    package func evaluate(_ rows: LossRows, activation: Activation, kernels: KernelTable) {
        let outputs = LossOutputs(rows, activation, kernels)
        outputs.forward()
        rows.scratch { logarithms in
            for row in 0..<rows.count {
                rows.predict(row, from: rows.probabilities + row * rows.classCount)
                crossEntropy(row, rows, logarithms, kernels)
            }
        }
        outputs.backward()
    }

    /// `logarithms` has room for two values a class.
    private func crossEntropy(
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
}

extension LossConfiguration {
    /// The mean cross-entropy of each output by itself; the last layer is softmax or sigmoid.
    public static func binaryCrossEntropy(labelSmoothing: Float = 0) -> Self {
        Self(BinaryCrossEntropy(labelSmoothing: labelSmoothing))
    }
}
