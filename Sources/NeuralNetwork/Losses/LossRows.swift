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
