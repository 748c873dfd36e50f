package import Core
package import KernelInterface

/// The mean squared difference of outputs and targets.
package struct MeanSquaredError: Loss {
    package static let key = "mean_squared_error"
    package static let documentation = """
        The mean over the K classes of (p_j − t_j)², classes ascending. The last layer is softmax, sigmoid or linear.
        """
    package static let outputActivations: [Activation] = [.softmax, .sigmoid, .linear]

    package var labelSmoothing: Float

    package init(labelSmoothing: Float) {
        self.labelSmoothing = labelSmoothing
    }

    package init() { self.init(labelSmoothing: 0) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(labelSmoothing: &labelSmoothing)
    }

    /// The gradient by the outputs is g_j = 2·(p_j − t_j)/K.
    package func evaluate(_ rows: LossRows, activation: Activation, kernels: KernelTable) {
        let outputs = LossOutputs(rows, activation, kernels)
        outputs.forward()
        for row in 0..<rows.count {
            rows.predict(row, from: rows.probabilities + row * rows.classCount)
            squaredError(row, rows)
        }
        outputs.backward()
    }

    private func squaredError(_ row: Int, _ rows: LossRows) {
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
}

extension LossConfiguration {
    /// The mean squared difference of outputs and targets; the last layer is softmax, sigmoid or linear.
    public static func meanSquaredError(labelSmoothing: Float = 0) -> Self {
        Self(MeanSquaredError(labelSmoothing: labelSmoothing))
    }
}
