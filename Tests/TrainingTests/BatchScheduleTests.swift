import TestSupport
import Testing

@testable import Training

@Suite("The schedule of rounds")
struct BatchScheduleTests {
    @Test("goes through every step and validation once, in order, as counted one by one")
    func rounds() {
        for (samples, batch, epochs) in [(10, 3, 2), (12, 4, 3), (1, 1, 1), (5, 100, 2), (100, 1, 1), (48_000, 512, 2)]
        {
            let schedule = BatchSchedule(sampleCount: samples, batchSize: batch, epochCount: epochs)
            var round = 0
            var completed = 0
            for epoch in 0..<epochs {
                var position = 0
                var step = 0
                while position < samples {
                    let end = min(position + batch, samples)
                    #expect(schedule.round(round) == .train(epoch: epoch, step: step))
                    #expect(schedule.batch(ofStep: step) == position..<end)
                    #expect(schedule.completedSteps(before: round) == completed)
                    position = end
                    step += 1
                    round += 1
                    completed += 1
                }
                #expect(schedule.stepsPerEpoch == step)
                #expect(schedule.round(round) == .validate(epoch: epoch))
                #expect(schedule.completedSteps(before: round) == completed)
                round += 1
            }
            #expect(schedule.roundCount == round)
            #expect(schedule.completedSteps(before: round) == completed)
        }
    }

    @Test("has a smaller last batch exactly when the batch size does not divide the samples")
    func lastBatch() {
        let uneven = BatchSchedule(sampleCount: 48_000, batchSize: 512, epochCount: 1)
        #expect(uneven.stepsPerEpoch == 94)
        #expect(uneven.batch(ofStep: 93).count == 384)
        let even = BatchSchedule(sampleCount: 1024, batchSize: 512, epochCount: 1)
        #expect(even.stepsPerEpoch == 2)
        #expect(even.batch(ofStep: 1).count == 512)
    }
}

@Suite("Sums of micro-batch statistics")
struct MicroBatchStatisticsTests {
    private static func sum(_ values: [MicroBatchStatistics]) -> MicroBatchStatistics {
        var values = values
        return values.withUnsafeMutableBufferPointer { MicroBatchStatistics.sum($0) }
    }

    /// Halves, then halves of halves; what has no samples is left out.
    private static func naive(_ values: ArraySlice<MicroBatchStatistics>) -> Double? {
        if values.count == 1 { return values.first.flatMap { $0.sampleCount > 0 ? $0.lossSum : nil } }
        let middle = values.startIndex + values.count / 2
        switch (naive(values[..<middle]), naive(values[middle...])) {
        case (let left?, let right?): return left + right
        case (let left, let right): return left ?? right
        }
    }

    @Test("add losses by the fixed tree and leave empty micro-batches out", arguments: [1, 2, 4, 8, 16, 32, 64])
    func tree(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        for _ in 0..<200 {
            let values = (0..<count).map { _ in
                let samples = Int.random(in: 0...3, using: &generator)
                // Magnitudes far apart, so that every grouping has other bits.
                let loss = Double.random(in: -1...1, using: &generator) * [1, 1e9, 1e-9][samples % 3]
                return MicroBatchStatistics(
                    lossSum: loss, correctCount: samples / 2, sampleCount: samples)
            }
            let total = Self.sum(values)
            #expect(total.lossSum.bitPattern == (Self.naive(values[...]) ?? 0).bitPattern)
            #expect(total.correctCount == values.reduce(0) { $0 + $1.correctCount })
            #expect(total.sampleCount == values.reduce(0) { $0 + $1.sampleCount })
        }
    }

    @Test("never add an empty micro-batch as zero")
    func emptyIsSkipped() {
        let negativeZero = MicroBatchStatistics(lossSum: -0.0, correctCount: 0, sampleCount: 1)
        let values = [MicroBatchStatistics(), negativeZero, MicroBatchStatistics(), MicroBatchStatistics()]
        #expect(Self.sum(values).lossSum.sign == .minus, "0 + -0 would be +0")
        let poisoned = [MicroBatchStatistics(lossSum: .nan), negativeZero]
        #expect(Self.sum(poisoned).lossSum == 0)
        #expect(Self.sum([MicroBatchStatistics](repeating: MicroBatchStatistics(), count: 8)).lossSum == 0)
    }
}
