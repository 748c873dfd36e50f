package import Core

/// Names something that a worker may have to fetch from the coordinator.
package enum ContentIdentifier: Hashable, Sendable {
    /// A data set, by the digest of its decoded shape, labels and pixels.
    case data(SHA256Digest)
    /// A serialized state to resume from, by the digest of its bytes.
    case state(SHA256Digest)
}

/// Something that every worker needs before it can compute.
package struct ContentDescription: Hashable, Sendable {
    package var identifier: ContentIdentifier
    /// Size in the form in which the coordinator sends it.
    package var byteCount: UInt64

    package init(identifier: ContentIdentifier, byteCount: UInt64) {
        self.identifier = identifier
        self.byteCount = byteCount
    }

    /// Number of chunks in which it is sent.
    package var chunkCount: Int {
        Int((byteCount + UInt64(WireLimits.chunkByteCount) - 1) / UInt64(WireLimits.chunkByteCount))
    }

    /// The bytes that chunk `index` covers.
    package func byteRange(ofChunk index: Int) -> Range<Int> {
        precondition(index >= 0 && index < chunkCount, "no such chunk")
        let lower = index * WireLimits.chunkByteCount
        return lower..<min(lower + WireLimits.chunkByteCount, Int(byteCount))
    }
}
