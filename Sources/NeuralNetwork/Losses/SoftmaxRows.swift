internal import KernelInterface

/// Softmax over packed rows: p_j = e^(z_j − m) / S with m = max z and S summed with j ascending.
struct SoftmaxRows {
    let count: Int
    let classCount: Int

    /// e^(z − m) for every row.
    func exponentials(
        of logits: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, _ kernels: KernelTable
    ) {
        for row in 0..<count {
            let source = logits + row * classCount
            let shifted = output + row * classCount
            let maximum = maximum(source)
            for index in 0..<classCount { shifted[index] = source[index] - maximum }
        }
        kernels.exponential(count * classCount, output, output)
    }

    @inline(__always)
    func sum(_ row: Int, _ values: UnsafePointer<Float>) -> Float {
        var sum: Float = 0
        for index in row * classCount..<(row + 1) * classCount { sum += values[index] }
        return sum
    }

    @inline(__always)
    func divide(_ row: Int, _ values: UnsafeMutablePointer<Float>, by sum: Float) {
        for index in row * classCount..<(row + 1) * classCount { values[index] /= sum }
    }

    /// From the gradient by the outputs p of one row to that by its inputs: p_j·(g_j − Σ_k g_k·p_k), k ascending.
    /// `result` may be `gradient`.
    @inline(__always)
    func backward(
        _ row: Int, _ outputs: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>,
        _ result: UnsafeMutablePointer<Float>
    ) {
        let indices = row * classCount..<(row + 1) * classCount
        var sum: Float = 0
        for index in indices { sum += gradient[index] * outputs[index] }
        for index in indices { result[index] = outputs[index] * (gradient[index] - sum) }
    }

    /// The largest value of one row; NaN, which the loss must show, wins over all.
    @inline(__always)
    func maximum(_ row: UnsafePointer<Float>) -> Float {
        var best = row[0]
        for index in 1..<classCount where !(row[index] <= best) { best = row[index] }
        return best
    }
}

/// The activation between logits and outputs, for losses of each output by itself.
struct LossOutputs {
    private let rows: LossRows
    private let activation: Activation
    private let kernels: KernelTable

    init(_ rows: LossRows, _ activation: Activation, _ kernels: KernelTable) {
        self.rows = rows
        self.activation = activation
        self.kernels = kernels
    }

    /// Writes the outputs into the rows' probabilities.
    func forward() {
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

    /// Turns the gradient by the outputs into that by the logits, in place: softmax p_j·(g_j − Σ g_k·p_k), sigmoid
    /// g_j·p_j·(1 − p_j).
    func backward() {
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
