package import Core
package import KernelInterface

/// A kind of loss: what the outputs of a classifier cost, given a sample's integer label. Each kind is one file in this
/// folder.
package protocol Loss: SettingsKind {
    /// ε: the target of class j is (1 − ε)·[j = label] + ε / `answerCount`.
    var labelSmoothing: Float { get }

    /// The activations of the last layer for which the loss is defined.
    static var outputActivations: [Activation] { get }

    /// Over how many answers label smoothing spreads.
    func answerCount(classCount: Int) -> Int

    /// Computes probabilities, predictions, losses and the gradient of the logits for some samples, each by itself.
    func evaluate(_ rows: LossRows, activation: Activation, kernels: KernelTable)
}

extension Loss {
    package func answerCount(classCount: Int) -> Int { classCount }
}

/// What wrong answers cost. The file of each kind of loss adds a function that makes it.
///
/// ```swift
/// let loss = LossConfiguration.categoricalCrossEntropy(labelSmoothing: 0.1)
/// ```
public struct LossConfiguration: Sendable, Equatable {
    package var loss: any Loss

    package init(_ loss: any Loss) {
        self.loss = loss
    }

    public static func == (left: Self, right: Self) -> Bool { left.loss.isEqual(to: right.loss) }
}

/// The list of all losses.
package enum LossKinds {
    package static let all: [any Loss.Type] = [
        CategoricalCrossEntropy.self, BinaryCrossEntropy.self, MeanSquaredError.self,
    ]

    /// A loss is a bare name, or a name with a mapping of settings.
    package static func read(_ node: SettingNode) throws(SettingError) -> any Loss {
        let choice = try node.choice(of: all, "a loss", one: "one loss")
        return try all[choice.index].init(reading: choice)
    }
}

extension SettingVisitor {
    /// The setting that all losses share.
    mutating func visit(labelSmoothing: inout Float) throws(Failure) {
        try visit(
            "label_smoothing", &labelSmoothing, .within(0..<1), .whenChanged,
            "The share ε of each target that is spread over all classes.")
    }
}

/// Consecutive samples for a loss; rows are `[count, classCount]`, packed. Everything but logits and labels is
/// overwritten.
package struct LossRows {
    package let count: Int
    package let classCount: Int
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

    /// Records the first largest of `outputs` as the prediction.
    @inline(__always)
    func predict(_ row: Int, from outputs: UnsafePointer<Float>) {
        var best = 0
        for index in 1..<classCount where outputs[index] > outputs[best] { best = index }
        predictions[row] = UInt8(truncatingIfNeeded: best)
        correct[row] = best == label(row) ? 1 : 0
    }
}

/// What the outputs of a sample should be: (1 − ε) + ε/K for the label and ε/K for every other class, with smoothing ε
/// and K answers.
struct LossTargets: Sendable {
    let isSmoothed: Bool
    private let ofLabel: Float
    private let ofOther: Float

    init(_ loss: any Loss, classCount: Int) {
        let smoothing = loss.labelSmoothing
        isSmoothed = smoothing != 0
        ofOther = smoothing / Float(loss.answerCount(classCount: classCount))
        ofLabel = (1 - smoothing) + ofOther
    }

    @inline(__always)
    func value(of index: Int, label: Int) -> Float { index == label ? ofLabel : ofOther }
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
