package import Core

/// What a frame carries.
package enum FrameKind: UInt8, Sendable, Hashable, CaseIterable {
    /// One root's values for some elements of a bucket.
    case contribution = 1
    /// Finished sums for some elements of a bucket, from the owner of their segment.
    case result = 2
    /// The statistics of the sender's micro-batches (Float64).
    case statistics = 3
    /// Asks for a frame that did not come: the header of that frame with the sender who asks, and no payload.
    case resend = 4

    /// Bytes of one element of the payload.
    package var elementByteCount: Int {
        switch self {
        case .contribution, .result: 4
        case .statistics: 8
        case .resend: 0
        }
    }
}

/// The fields before every payload between workers: 64 bytes, little-endian.
///
/// | offset | field | width, and why it is enough |
/// |---|---|---|
/// | 0 | magic `SLVF` | 4 |
/// | 4 | version | 1 |
/// | 5 | kind | 1 |
/// | 6 | in a resend frame the kind that is asked for, else zero | 1 |
/// | 7 | zero | 1 |
/// | 8 | job | 16, random |
/// | 24 | generation | 8, one a change of membership |
/// | 32 | step | 8 |
/// | 40 | bucket | 4, a model has fewer parameters than that |
/// | 44 | element offset in the bucket | 4, buckets have fewer than 2^31 elements |
/// | 48 | element count | 4 |
/// | 52 | sender | 2, ranks are below 64 |
/// | 54 | tree node | 2, nodes are below 128 |
/// | 56 | CRC-32C of the payload | 4 |
/// | 60 | CRC-32C of the 60 bytes before | 4 |
package struct FrameHeader: Sendable, Hashable {
    package static let byteCount = 64

    package var kind: FrameKind
    /// What a resend frame asks for; nil in all others.
    package var requestedKind: FrameKind?
    package var job: JobIdentifier
    package var generation: UInt64
    package var step: UInt64
    /// The bucket; 0 for statistics.
    package var bucket: Int
    /// The first element, counted from the begin of the bucket.
    package var elementOffset: Int
    package var elementCount: Int
    package var sender: Int
    /// The tree node whose sum this is; 0 for results and statistics.
    package var node: Int
    package var payloadChecksum: UInt32

    package init(
        kind: FrameKind, job: JobIdentifier, generation: UInt64, step: UInt64, bucket: Int, elementOffset: Int,
        elementCount: Int, sender: Int, node: Int, payloadChecksum: UInt32, requestedKind: FrameKind? = nil
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
        self.payloadChecksum = payloadChecksum
    }

    /// Bytes of the payload that the header announces.
    package var payloadByteCount: Int { elementCount * kind.elementByteCount }
}
