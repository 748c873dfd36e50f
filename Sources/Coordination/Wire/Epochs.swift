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

/// Digests of the reduced gradients of consecutive steps, from rank 0. The 32-bit count is at most
/// ``WireLimits/stepDigestCount``.
package struct StepDigests: Sendable, Equatable {
    package var generation: UInt64
    /// Step of the first digest, from 0.
    package var firstStep: UInt64
    package var digests: [UInt64]

    package init(generation: UInt64, firstStep: UInt64, digests: [UInt64]) {
        self.generation = generation
        self.firstStep = firstStep
        self.digests = digests
    }
}

extension StepDigests: WireValue {
    func encode(into writer: inout MessageWriter) {
        precondition(digests.count <= WireLimits.stepDigestCount, "too many step digests for one message")
        writer.integer(generation)
        writer.integer(firstStep)
        writer.integer(UInt32(digests.count))
        for digest in digests {
            writer.integer(digest)
        }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        firstStep = try reader.number("first step")
        let count = try reader.integer(UInt32.self, "step digests")
        guard count <= WireLimits.stepDigestCount else { throw .tooLong(field: "step digests") }
        digests = []
        for _ in 0..<count {
            digests.append(try reader.integer(UInt64.self, "step digest"))
        }
    }
}
