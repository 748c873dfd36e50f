package import Training

/// The curves of a training over its steps: a point for every so many steps, with the means over their samples.
///
/// A point is a function of the experiment alone. It is left out where one of its steps is not reported: because the
/// worker that would have reported it was lost, or because the run was continued within them.
package struct StepCurve: Sendable {
    package struct Point: Sendable, Equatable {
        /// Steps that are complete.
        package var step: Int
        package var loss: Double
        package var accuracy: Double
        /// Of the last step.
        package var learningRate: Float
    }

    private let schedule: BatchSchedule
    private let interval: Int
    /// The first step of the point that is in the making, from 0, and the one after its last.
    private var steps = 0..<0
    private var lossSum = 0.0
    private var correctCount = 0
    private var sampleCount = 0

    /// Precondition: `interval`, the steps of a point, is at least 1.
    package init(_ schedule: BatchSchedule, interval: Int) {
        precondition(interval >= 1, "a point has steps")
        self.schedule = schedule
        self.interval = interval
    }

    /// Adds a step, counted from 0. Returns the point that it completes.
    package mutating func add(step: Int, lossSum: Double, correctCount: Int, learningRate: Float) -> Point? {
        if step != steps.upperBound || step.isMultiple(of: interval) {
            (steps, self.lossSum, self.correctCount, sampleCount) = (step..<step, 0, 0, 0)
        }
        steps = steps.lowerBound..<step + 1
        self.lossSum += lossSum
        self.correctCount += correctCount
        sampleCount += schedule.batch(ofStep: step % schedule.stepsPerEpoch).count
        guard steps.count == interval, steps.upperBound.isMultiple(of: interval) else { return nil }
        return Point(
            step: steps.upperBound, loss: self.lossSum / Double(sampleCount),
            accuracy: Double(self.correctCount) / Double(sampleCount), learningRate: learningRate)
    }
}
