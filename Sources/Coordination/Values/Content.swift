/// Names something that a worker may have to fetch from the coordinator.
public enum ContentIdentifier: Hashable, Sendable {
    /// A data set, by the digest of its decoded shape, labels and pixels.
    case data(ContentDigest)
    /// A serialized state to resume from, by the digest of its bytes.
    case state(ContentDigest)
}

/// Something that every worker needs before it can compute.
public struct ContentDescription: Hashable, Sendable {
    public var identifier: ContentIdentifier
    /// Size in the form in which the coordinator sends it.
    public var byteCount: UInt64

    public init(identifier: ContentIdentifier, byteCount: UInt64) {
        self.identifier = identifier
        self.byteCount = byteCount
    }

    /// Number of chunks in which it is sent.
    public var chunkCount: Int {
        Int((byteCount + UInt64(WireLimits.chunkByteCount) - 1) / UInt64(WireLimits.chunkByteCount))
    }

    /// The bytes that chunk `index` covers.
    public func byteRange(ofChunk index: Int) -> Range<Int> {
        precondition(index >= 0 && index < chunkCount, "no such chunk")
        let lower = index * WireLimits.chunkByteCount
        return lower..<min(lower + WireLimits.chunkByteCount, Int(byteCount))
    }
}

/// CRC-32C of bytes; given to the machines so that they need no other module.
public typealias Checksum = @Sendable (_ bytes: [UInt8]) -> UInt32
