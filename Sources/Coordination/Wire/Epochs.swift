package import Core

/// A finished epoch, as every worker derived it; equal in every generation. Workers repeat it until it is recorded.
///
/// The row has a 32-bit length and at most ``WireLimits/rowByteCount`` bytes; 32 bits are enough for epochs.
package struct EpochEnded: Sendable, Equatable {
    /// From 1.
    package var epoch: UInt32
    package var completedSteps: UInt64
    /// The epoch's row for metrics.jsonl; the coordinator does not interpret it.
    package var row: [UInt8]
    /// Nil for an epoch that was read from a state, because the state at its end is gone.
    package var stateDigest: SHA256Digest?
    package var bestImproved: Bool

    package init(
        epoch: UInt32, completedSteps: UInt64, row: [UInt8], stateDigest: SHA256Digest?, bestImproved: Bool
    ) {
        self.epoch = epoch
        self.completedSteps = completedSteps
        self.row = row
        self.stateDigest = stateDigest
        self.bestImproved = bestImproved
    }
}

extension EpochEnded: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epoch)
        writer.integer(completedSteps)
        writer.block(row, limit: WireLimits.rowByteCount)
        writer.optional(stateDigest)
        writer.boolean(bestImproved)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epoch = try reader.integer(UInt32.self, "epoch")
        completedSteps = try reader.number("completed steps")
        row = try reader.block("row", limit: WireLimits.rowByteCount)
        stateDigest = try reader.optional(SHA256Digest.self, "state digest")
        bestImproved = try reader.boolean("best improved")
    }
}

/// What rank 0 reports of consecutive steps. The 32-bit count is at most ``WireLimits/reducedStepCount``.
package struct ReducedSteps: Sendable, Equatable {
    package var generation: UInt64
    /// From 0.
    package var firstStep: UInt64
    package var steps: [ReducedStep]

    package init(generation: UInt64, firstStep: UInt64, steps: [ReducedStep]) {
        self.generation = generation
        self.firstStep = firstStep
        self.steps = steps
    }
}

extension ReducedSteps: WireValue {
    func encode(into writer: inout MessageWriter) {
        precondition(steps.count <= WireLimits.reducedStepCount, "too many steps for one message")
        writer.integer(generation)
        writer.integer(firstStep)
        writer.integer(UInt32(steps.count))
        for step in steps { writer.value(step) }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        firstStep = try reader.number("first step")
        let count = try reader.integer(UInt32.self, "reduced steps")
        guard count <= WireLimits.reducedStepCount else { throw .tooLong(field: "reduced steps") }
        steps = []
        for _ in 0..<count { steps.append(try reader.value(ReducedStep.self)) }
    }
}

/// A step whose gradients are summed: the digest of the sum for the journal, and figures of its batch for display only.
///
/// A batch has fewer than 2³² samples.
package struct ReducedStep: Sendable, Equatable {
    package var digest: UInt64
    /// The sum of the samples' losses.
    package var lossSum: Double
    package var correctCount: UInt32
    package var learningRate: Float

    package init(digest: UInt64, lossSum: Double = 0, correctCount: UInt32 = 0, learningRate: Float = 0) {
        self.digest = digest
        self.lossSum = lossSum
        self.correctCount = correctCount
        self.learningRate = learningRate
    }
}

extension ReducedStep: WireValue {
    /// Bytes of its fields.
    static let byteCount = 24

    func encode(into writer: inout MessageWriter) {
        writer.integer(digest)
        writer.double(lossSum)
        writer.integer(correctCount)
        writer.integer(learningRate.bitPattern)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        digest = try reader.integer(UInt64.self, "step digest")
        lossSum = try reader.double("sum of losses")
        correctCount = try reader.integer(UInt32.self, "correct samples")
        learningRate = Float(bitPattern: try reader.integer(UInt32.self, "learning rate"))
    }
}
