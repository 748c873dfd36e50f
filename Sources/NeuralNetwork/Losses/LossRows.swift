/// Consecutive samples for a loss; rows are `[count, classCount]`, packed. Everything but logits and labels is
/// overwritten.
struct LossRows {
    let count: Int
    let classCount: Int
    let logits: UnsafePointer<Float>
    /// Each below `classCount`.
    let labels: UnsafePointer<UInt8>
    /// What the model predicts; sums to one in each row.
    let probabilities: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Float>
    /// The first largest output.
    let predictions: UnsafeMutablePointer<UInt8>
    /// 1 where the prediction is the label.
    let correct: UnsafeMutablePointer<UInt8>
    /// The gradient of each sample's own loss by its logits.
    let logitGradient: UnsafeMutablePointer<Float>
    let targets: LossTargets

    /// The outputs and the gradient of one row.
    @inline(__always)
    func outputs(_ row: Int) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
        (probabilities + row * classCount, logitGradient + row * classCount)
    }

    /// Room for two values a class, on the stack.
    @inline(__always)
    func scratch(_ body: (UnsafeMutablePointer<Float>) -> Void) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * classCount) { memory in
            if let base = memory.baseAddress { body(base) }
        }
    }

    @inline(__always)
    func label(_ row: Int) -> Int {
        let label = Int(labels[row])
        precondition(label < classCount, "a label is not below the number of classes: check labels when data is loaded")
        return label
    }

    /// Notes the first largest of `outputs` as the prediction.
    @inline(__always)
    func predict(_ row: Int, from outputs: UnsafePointer<Float>) {
        var best = 0
        for index in 1..<classCount where outputs[index] > outputs[best] { best = index }
        predictions[row] = UInt8(truncatingIfNeeded: best)
        correct[row] = best == label(row) ? 1 : 0
    }
}

/// What the outputs of a sample should be.
struct LossTargets: Sendable {
    let isSmoothed: Bool
    private let ofLabel: Float
    private let ofOther: Float

    /// With smoothing ε: (1 − ε) + ε/K for the label and ε/K for every other class; for binary cross-entropy, where each
    /// output is a question of its own with two answers, K is 2, as in Keras.
    init(_ loss: LossConfiguration, classCount: Int) {
        let smoothing = loss.labelSmoothing
        isSmoothed = smoothing != 0
        ofOther = smoothing / Float(loss.kind == .binaryCrossEntropy ? 2 : classCount)
        ofLabel = (1 - smoothing) + ofOther
    }

    @inline(__always)
    func value(of index: Int, label: Int) -> Float { index == label ? ofLabel : ofOther }
}
