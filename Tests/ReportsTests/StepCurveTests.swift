import Testing
import Training

@testable import Reports

@Suite("The curves over steps")
struct StepCurveTests {
    /// Three steps an epoch: of 4, 4 and 2 samples.
    private static let schedule = BatchSchedule(sampleCount: 10, batchSize: 4, epochCount: 4)

    /// The points of steps with a loss of 1 for each sample in the first epoch, 2 in the second, …
    private static func points(of steps: [Int], interval: Int) -> [StepCurve.Point] {
        var curve = StepCurve(schedule, interval: interval)
        return steps.compactMap { step in
            let count = step % 3 == 2 ? 2 : 4
            return curve.add(
                step: step, lossSum: Double(count * (step / 3 + 1)), correctCount: count / 2, learningRate: Float(step))
        }
    }

    @Test func `a point has the means over its samples, across epochs and smaller batches`() {
        #expect(
            Self.points(of: Array(0..<5), interval: 2) == [
                StepCurve.Point(step: 2, loss: 1, accuracy: 0.5, learningRate: 1),
                StepCurve.Point(step: 4, loss: 10.0 / 6, accuracy: 0.5, learningRate: 3),
            ])
        #expect(Self.points(of: Array(0..<12), interval: 1).map(\.step) == Array(1...12))
    }

    @Test func `a point with a missing step is left out, and none is of other steps`() {
        #expect(Self.points(of: Array(4..<12), interval: 3).map(\.step) == [9, 12])
        #expect(Self.points(of: [0, 1, 3, 4, 5, 6, 7, 8], interval: 3).map(\.step) == [6, 9])
        // Steps that are done again have the same points.
        #expect(Self.points(of: [3, 4, 5, 3, 4, 5], interval: 3).map(\.loss) == [2, 2])
        #expect(Self.points(of: [0, 2, 3, 4], interval: 6).isEmpty)
    }
}
