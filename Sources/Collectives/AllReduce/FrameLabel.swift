package import Core

/// What a frame carries.
package enum FrameKind: UInt8, Sendable, Hashable, CaseIterable {
    /// One root's values for some elements of a bucket.
    case contribution = 1
    /// Finished sums for some elements of a bucket, from the owner of their segment.
    case result = 2
    /// The statistics of the sender's micro-batches (Float64).
    case statistics = 3
    /// A request to send a frame again: the label of that frame with the requesting rank as its sender, and no payload.
    case resend = 4
    /// The statistics of another rank's micro-batches, passed on within a group (Float64).
    case relayedStatistics = 5
}

/// Which elements of what a frame carries, from which rank and for which step.
///
/// This is all that `AllReduceMachine` reads of a frame. How a frame travels, and where its payload lies, is the
/// transport's business.
package struct FrameLabel: Sendable, Hashable {
    package var kind: FrameKind
    /// The kind that a resend frame asks for; nil in all others.
    package var requestedKind: FrameKind?
    package var job: JobIdentifier
    package var generation: UInt64
    package var step: UInt64
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The first element, counted from the start of the bucket.
    package var elementOffset: Int
    package var elementCount: Int
    package var sender: Int
    /// The tree node of a contribution, the owner of relayed statistics; 0 for results and a sender's own statistics.
    package var node: Int

    package init(
        kind: FrameKind, job: JobIdentifier, generation: UInt64, step: UInt64, bucket: Int, elementOffset: Int,
        elementCount: Int, sender: Int, node: Int, requestedKind: FrameKind? = nil
    ) {
        self.kind = kind
        self.requestedKind = requestedKind
        self.job = job
        self.generation = generation
        self.step = step
        self.bucket = bucket
        self.elementOffset = elementOffset
        self.elementCount = elementCount
        self.sender = sender
        self.node = node
    }

    /// Generations from one view to the next that a worker may lag behind its peers: each lost worker costs one.
    private static let nearGenerationCount: UInt64 = 64

    /// Whether the frame is of this generation or one soon after it. Others are not worth memory: no view follows so
    /// far.
    package func isNear(generation: UInt64) -> Bool {
        self.generation >= generation && self.generation - generation <= Self.nearGenerationCount
    }
}
