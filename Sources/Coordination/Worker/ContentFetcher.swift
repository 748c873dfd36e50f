import Core

/// Fetches content in batches of chunks, each requested, checked, and requested again when it does not arrive.
struct ContentFetcher {
    enum Arrival: Equatable {
        case stored(offset: Int)
        case ignored
    }

    private let chunksAtATime: Int
    private var waiting: [ContentDescription] = []
    private(set) var current: ContentDescription?
    private var hasChunk: [Bool] = []
    private var batch: Range<Int> = 0..<0
    private var lastArrival: UInt64 = 0
    private(set) var storedChunkCount: UInt64 = 0

    init(chunksAtATime: Int) {
        precondition(chunksAtATime > 0 && chunksAtATime <= WireLimits.requestedChunkCount, "too many chunks at a time")
        self.chunksAtATime = chunksAtATime
    }

    /// Starts with the contents that are not empty.
    mutating func begin(_ contents: [ContentDescription]) {
        waiting = contents.filter { $0.byteCount > 0 }
    }

    /// Moves on to the next content when the current one is complete; nil when nothing is left.
    mutating func nextContent() -> ContentDescription? {
        guard current == nil, !waiting.isEmpty else { return nil }
        let content = waiting.removeFirst()
        current = content
        hasChunk = Array(repeating: false, count: content.chunkCount)
        batch = 0..<0
        return content
    }

    /// The next batch, when the one before has arrived.
    mutating func nextRequest(now: UInt64) -> ContentRequest? {
        guard let current, !hasChunk[batch].contains(false), batch.upperBound < hasChunk.count else { return nil }
        batch = batch.upperBound..<min(batch.upperBound + chunksAtATime, hasChunk.count)
        lastArrival = now
        return ContentRequest(
            content: current.identifier, firstChunk: UInt32(batch.lowerBound), chunkCount: UInt32(batch.count))
    }

    /// The missing part of the batch, when nothing has arrived for `milliseconds`.
    mutating func repeatedRequest(after milliseconds: UInt64, now: UInt64) -> ContentRequest? {
        guard let current, now >= lastArrival + milliseconds, let first = hasChunk[batch].firstIndex(of: false) else {
            return nil
        }
        lastArrival = now
        return ContentRequest(
            content: current.identifier, firstChunk: UInt32(first), chunkCount: UInt32(batch.upperBound - first))
    }

    /// Takes a chunk that was asked for, has the right length and the right checksum.
    mutating func receive(_ chunk: ContentChunk, now: UInt64) -> Arrival {
        guard let content = current, chunk.content == content.identifier, batch.contains(Int(chunk.chunk)) else {
            return .ignored
        }
        let index = Int(chunk.chunk)
        let range = content.byteRange(ofChunk: index)
        guard !hasChunk[index], chunk.bytes.count == range.count, CRC32C.checksum(chunk.bytes) == chunk.checksum else {
            return .ignored
        }
        hasChunk[index] = true
        lastArrival = now
        storedChunkCount += 1
        if !hasChunk.contains(false) {
            current = nil
        }
        return .stored(offset: range.lowerBound)
    }

    var isComplete: Bool { current == nil && waiting.isEmpty }
}
