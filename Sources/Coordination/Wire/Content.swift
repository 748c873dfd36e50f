package import Core

/// Names something that a worker may have to fetch from the coordinator.
package enum ContentIdentifier: Hashable, Sendable {
    /// A data set, by the digest of its decoded shape, labels and pixels.
    case data(SHA256Digest)
    /// A serialized state to resume from, by the digest of its bytes.
    case state(SHA256Digest)
}

extension ContentIdentifier: WireValue {
    func encode(into writer: inout MessageWriter) {
        switch self {
        case .data(let digest):
            writer.integer(UInt8(0))
            writer.digest(digest)
        case .state(let digest):
            writer.integer(UInt8(1))
            writer.digest(digest)
        }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let kind = try reader.integer(UInt8.self, "content")
        let digest = try reader.digest()
        switch kind {
        case 0: self = .data(digest)
        case 1: self = .state(digest)
        default: throw .invalid(field: "content")
        }
    }
}

/// Something that every worker needs before it can compute. Its size has 64 bits and is at most
/// ``WireLimits/contentByteCount``.
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

    /// The bytes of chunk `index`.
    package func byteRange(ofChunk index: Int) -> Range<Int> {
        precondition(index >= 0 && index < chunkCount, "no such chunk")
        let lower = index * WireLimits.chunkByteCount
        return lower..<min(lower + WireLimits.chunkByteCount, Int(byteCount))
    }
}

extension ContentDescription: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(identifier)
        writer.integer(byteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        identifier = try reader.value(ContentIdentifier.self)
        byteCount = try reader.integer(UInt64.self, "content size")
        guard byteCount <= WireLimits.contentByteCount else { throw .tooLong(field: "content size") }
    }
}

/// Asks for chunks of data or state. The largest content has 2^18 chunks, so 32 bits are enough for their numbers.
package struct ContentRequest: Sendable, Equatable {
    package var content: ContentIdentifier
    package var firstChunk: UInt32
    package var chunkCount: UInt32

    package init(content: ContentIdentifier, firstChunk: UInt32, chunkCount: UInt32) {
        self.content = content
        self.firstChunk = firstChunk
        self.chunkCount = chunkCount
    }
}

extension ContentRequest: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(content)
        writer.integer(firstChunk)
        writer.integer(chunkCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        content = try reader.value(ContentIdentifier.self)
        firstChunk = try reader.integer(UInt32.self, "first chunk")
        chunkCount = try reader.integer(UInt32.self, "chunks")
        guard chunkCount > 0, chunkCount <= WireLimits.requestedChunkCount else { throw .invalid(field: "chunks") }
    }
}

/// A chunk of data or state for a worker: ``WireLimits/chunkByteCount`` bytes, or fewer at the end.
package struct ContentChunk: Sendable, Equatable {
    package var content: ContentIdentifier
    package var chunk: UInt32
    /// CRC-32C of `bytes`.
    package var checksum: UInt32
    package var bytes: [UInt8]

    package init(content: ContentIdentifier, chunk: UInt32, checksum: UInt32, bytes: [UInt8]) {
        self.content = content
        self.chunk = chunk
        self.checksum = checksum
        self.bytes = bytes
    }
}

extension ContentChunk: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(content)
        writer.integer(chunk)
        writer.integer(checksum)
        writer.block(bytes, limit: WireLimits.chunkByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        content = try reader.value(ContentIdentifier.self)
        chunk = try reader.integer(UInt32.self, "chunk number")
        checksum = try reader.integer(UInt32.self, "checksum")
        bytes = try reader.block("chunk", limit: WireLimits.chunkByteCount)
    }
}
