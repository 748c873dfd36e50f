import Core

/// Fetches content in batches of chunks, each requested, checked, and requested again when it does not arrive.
struct ContentFetcher {
    /// After this time without an arrival the missing chunks are requested again.
    private static let retryMilliseconds: UInt64 = 3000

    private let chunksAtATime: Int
    private var waiting: [ContentDescription] = []
    private var current: ContentDescription?
    private var hasChunk: [Bool] = []
    private var batch: Range<Int> = 0..<0
    private var lastArrival: UInt64 = 0

    init(chunksAtATime: Int) {
        precondition(chunksAtATime > 0 && chunksAtATime <= WireLimits.requestedChunkCount, "too many chunks at a time")
        self.chunksAtATime = chunksAtATime
    }

    /// Starts with the welcome's state, and those of its data that are missing. Returns what to store and to request
    /// first.
    mutating func begin(_ welcome: Welcome, missing: [SHA256Digest], now: UInt64) -> [WorkerAction] {
        let data = welcome.data.filter { content in missing.contains { content.identifier == .data($0) } }
        waiting = (data + (welcome.state.map { [$0] } ?? [])).filter { $0.byteCount > 0 }
        return next(now: now)
    }

    /// Moves on to the next content when the current one is complete, and to the next batch when the one before has
    /// arrived.
    private mutating func next(now: UInt64) -> [WorkerAction] {
        var actions: [WorkerAction] = []
        if current == nil, !waiting.isEmpty {
            let content = waiting.removeFirst()
            current = content
            hasChunk = Array(repeating: false, count: content.chunkCount)
            batch = 0..<0
            actions.append(.compute(.expectContent(content)))
        }
        if let request = nextRequest(now: now) { actions.append(.send(.contentRequest(request))) }
        return actions
    }

    private mutating func nextRequest(now: UInt64) -> ContentRequest? {
        guard let current, !hasChunk[batch].contains(false), batch.upperBound < hasChunk.count else { return nil }
        batch = batch.upperBound..<min(batch.upperBound + chunksAtATime, hasChunk.count)
        lastArrival = now
        return ContentRequest(
            content: current.identifier, firstChunk: UInt32(batch.lowerBound), chunkCount: UInt32(batch.count))
    }

    /// The missing part of the batch, when nothing has arrived for some time.
    mutating func repeatedRequest(now: UInt64) -> ContentRequest? {
        guard let current, now >= lastArrival + Self.retryMilliseconds,
            let first = hasChunk[batch].firstIndex(of: false)
        else { return nil }
        lastArrival = now
        return ContentRequest(
            content: current.identifier, firstChunk: UInt32(first), chunkCount: UInt32(batch.upperBound - first))
    }

    /// Takes a chunk that was asked for, has the right length and the right checksum. Returns nothing where it is
    /// another one.
    mutating func receive(_ chunk: ContentChunk, now: UInt64) -> [WorkerAction] {
        guard let content = current, chunk.content == content.identifier, batch.contains(Int(chunk.chunk)) else {
            return []
        }
        let index = Int(chunk.chunk)
        let range = content.byteRange(ofChunk: index)
        guard !hasChunk[index], chunk.bytes.count == range.count, CRC32C.checksum(chunk.bytes) == chunk.checksum else {
            return []
        }
        hasChunk[index] = true
        lastArrival = now
        if !hasChunk.contains(false) { current = nil }
        return [.compute(.storeContent(chunk.content, offset: range.lowerBound, bytes: chunk.bytes))] + next(now: now)
    }

    var isComplete: Bool { current == nil && waiting.isEmpty }
}
