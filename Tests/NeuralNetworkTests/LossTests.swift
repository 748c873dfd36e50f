import Glibc
import KernelInterface
import Testing

@testable import NeuralNetwork

@Suite("Losses at the edges")
struct LossTests {
    struct Row {
        var probabilities: [Float]
        var loss: Float
        var prediction: UInt8
        var isCorrect: Bool
        var gradient: [Float]
    }

    private func evaluate(
        _ logits: [Float], label: UInt8, _ loss: (LossRows, KernelTable) -> Void
    ) -> Row {
        let count = logits.count
        let (probabilities, gradient) = (AlignedBuffer<Float>(count: count), AlignedBuffer<Float>(count: count))
        let losses = AlignedBuffer<Float>(count: 1)
        let bytes = AlignedBuffer<UInt8>(count: 3)
        bytes.pointer[0] = label
        logits.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            loss(
                LossRows(
                    count: 1, classCount: count, logits: base, labels: bytes.pointer,
                    probabilities: probabilities.pointer, losses: losses.pointer, predictions: bytes.pointer + 1,
                    correct: bytes.pointer + 2, logitGradient: gradient.pointer,
                    targets: LossTargets(CategoricalCrossEntropy(), classCount: count)), KernelSets.best)
        }
        return Row(
            probabilities: (0..<count).map { probabilities.pointer[$0] }, loss: losses.pointer[0],
            prediction: bytes.pointer[1], isCorrect: bytes.pointer[2] == 1,
            gradient: (0..<count).map { gradient.pointer[$0] })
    }

    private func softmax(_ logits: [Float], label: UInt8) -> Row {
        evaluate(logits, label: label) { SoftmaxCrossEntropy.evaluate($0, kernels: $1) }
    }

    private func sigmoid(_ logits: [Float], label: UInt8) -> Row {
        evaluate(logits, label: label) { NormalizedSigmoidCrossEntropy.evaluate($0, kernels: $1) }
    }

    @Test("softmax stays finite for logits whose exponentials do not")
    func largeLogits() {
        let row = softmax([1000, 0, -1000], label: 2)
        #expect(row.loss == 2000)
        #expect(row.probabilities == [1, 0, 0])
        #expect(row.gradient == [1, 0, -1])
        #expect(row.prediction == 0 && !row.isCorrect)
    }

    @Test("equal logits give ln of the number of classes, and the first is predicted")
    func ties() {
        let row = softmax([0.5, 0.5, 0.5, 0.5], label: 0)
        #expect(abs(row.loss - Float(log(4.0))) < 2e-7)
        #expect(row.gradient == [-0.75, 0.25, 0.25, 0.25])
        #expect(row.prediction == 0 && row.isCorrect)
        #expect(sigmoid([1, 2, 2], label: 1).prediction == 1)
    }

    @Test("the sigmoid is clipped on both sides, and no gradient passes the clip")
    func clipping() {
        let row = sigmoid([40, -40, 0], label: 1)
        let (high, low, middle) = (1 - 1e-7, 1e-7, 0.5)
        let sum = high + low + middle
        #expect(abs(row.loss - Float(-log(low / sum))) < 1e-5)
        #expect(row.gradient[0] == 0 && row.gradient[1] == 0)
        #expect(abs(row.gradient[2] - Float(middle / sum * 0.5)) < 1e-7)
        #expect(abs(row.probabilities.reduce(0, +) - 1) < 1e-6)
    }

    /// At −16.1, σ is 1.02e-7: inside the interval, so the gradient passes; at −16.2, 9.2e-8, it does not.
    @Test("the gradient passes right up to the clip")
    func clipBoundary() {
        #expect(sigmoid([-16.1, 0], label: 0).gradient[0] < -0.99)
        #expect(sigmoid([-16.2, 0], label: 0).gradient[0] == 0)
    }

    @Test("a NaN logit shows in loss and gradient")
    func notANumber() {
        for row in [softmax([0, .nan, 1], label: 0), sigmoid([0, .nan, 1], label: 0)] {
            #expect(row.loss.isNaN)
            #expect(row.gradient[1].isNaN)
        }
    }
}
