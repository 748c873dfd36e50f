import Core

/// The serialized states of a worker on their way to the coordinator: which were requested, which may not be saved yet,
/// and which are sent now, one after another, a window of chunks at a time.
struct StateSender {
    private struct Upload {
        var name: StateName
        var bytes: [UInt8]
        var nextOffset = 0
        var unacknowledged: [Int] = []
    }

    /// After this time without an acknowledgement the chunks are sent again.
    private static let retryMilliseconds: UInt64 = 3000

    private let windowChunkCount: Int
    private var uploads: [Upload] = []
    private var lastMoved: UInt64 = 0
    /// What the compute thread was asked to serialize.
    private var requested: Set<StatePurpose> = []
    /// States at ends of epochs that the coordinator may not have saved: kept by every worker, because the sender may
    /// die.
    private var retained: [(name: StateName, bytes: [UInt8])] = []

    init(windowChunkCount: Int) {
        precondition(windowChunkCount > 0, "a window holds at least one chunk")
        self.windowChunkCount = windowChunkCount
    }

    // MARK: Serializing

    /// Whether the compute thread is to serialize a state now. Repeated requests are dropped until it has: each costs
    /// the compute thread a moment.
    mutating func request(_ purpose: StatePurpose) -> Bool {
        requested.insert(purpose).inserted
    }

    /// The compute thread has serialized a state.
    mutating func serialized(_ name: StateName, bytes: [UInt8]) {
        requested.remove(name.purpose)
        if name.purpose == .epochEnd { retained.append((name, bytes)) }
    }

    /// Drops states up to an epoch that the coordinator has saved.
    mutating func forget(savedEpochs: UInt32) {
        retained.removeAll { $0.name.completedEpochs <= savedEpochs }
    }

    // MARK: Sending

    mutating func add(_ name: StateName, bytes: [UInt8]) {
        precondition(!bytes.isEmpty, "a serialized state has bytes")
        // Requested again while it is on its way.
        guard !uploads.contains(where: { $0.name == name }) else { return }
        let upload = Upload(name: name, bytes: bytes)
        // The coordinator waits for a state that it asked for, and may acknowledge no other one until the next view.
        if name.purpose.isRequested { uploads.insert(upload, at: 0) } else { uploads.append(upload) }
    }

    /// Drops the states in transit; the sender of a new view sends the retained states instead.
    mutating func enterView(sendsRetained: Bool) {
        uploads = []
        guard sendsRetained else { return }
        for state in retained { add(state.name, bytes: state.bytes) }
    }

    /// Starts again with the first state that is not wholly acknowledged.
    mutating func restart() {
        guard !uploads.isEmpty else { return }
        uploads[0].nextOffset = 0
        uploads[0].unacknowledged = []
    }

    /// Whether chunks have been unacknowledged for so long that they have to be sent again.
    func isStuck(now: UInt64) -> Bool {
        uploads.first.map { !$0.unacknowledged.isEmpty && now >= lastMoved + Self.retryMilliseconds } ?? false
    }

    mutating func acknowledge(_ name: StateName, offset: UInt64) {
        guard let first = uploads.first, first.name == name else { return }
        uploads[0].unacknowledged.removeAll { UInt64($0) == offset }
        if uploads[0].nextOffset >= uploads[0].bytes.count, uploads[0].unacknowledged.isEmpty {
            uploads.removeFirst()
        }
    }

    /// The chunks that fit the window now.
    mutating func nextChunks(now: UInt64) -> [StateChunk] {
        guard !uploads.isEmpty else { return [] }
        lastMoved = now
        var chunks: [StateChunk] = []
        let total = uploads[0].bytes.count
        while uploads[0].nextOffset < total, uploads[0].unacknowledged.count < windowChunkCount {
            let offset = uploads[0].nextOffset
            let end = min(offset + WireLimits.chunkByteCount, total)
            let bytes = Array(uploads[0].bytes[offset..<end])
            chunks.append(
                StateChunk(
                    name: uploads[0].name, offset: UInt64(offset), totalByteCount: UInt64(total),
                    checksum: CRC32C.checksum(bytes), bytes: bytes))
            uploads[0].unacknowledged.append(offset)
            uploads[0].nextOffset = end
        }
        return chunks
    }
}
