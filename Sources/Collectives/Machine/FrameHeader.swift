/// What a frame carries.
public enum FrameKind: UInt8, Sendable, Hashable, CaseIterable {
    /// One root's values for some elements of a bucket.
    case contribution = 1
    /// Finished sums for some elements of a bucket, from the owner of their segment.
    case result = 2
    /// The statistics of the sender's micro-batches (Float64).
    case statistics = 3
    /// Asks for a frame that did not come: the header of that frame with the sender who asks, and no payload.
    case resend = 4

    /// Bytes of one element of the payload.
    public var elementByteCount: Int {
        switch self {
        case .contribution, .result: 4
        case .statistics: 8
        case .resend: 0
        }
    }
}

/// The 128-bit number of a job; frames of another job are dropped.
public struct JobIdentifier: Sendable, Hashable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
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
public struct FrameHeader: Sendable, Hashable {
    public static let byteCount = 64

    public var kind: FrameKind
    /// What a resend frame asks for; nil in all others.
    public var requestedKind: FrameKind?
    public var job: JobIdentifier
    public var generation: UInt64
    public var step: UInt64
    /// The bucket; 0 for statistics.
    public var bucket: Int
    /// The first element, counted from the begin of the bucket.
    public var elementOffset: Int
    public var elementCount: Int
    public var sender: Int
    /// The tree node whose sum this is; 0 for results and statistics.
    public var node: Int
    public var payloadChecksum: UInt32

    public init(
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
    public var payloadByteCount: Int { elementCount * kind.elementByteCount }
}
