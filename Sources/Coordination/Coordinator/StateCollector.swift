import Core

/// Puts serialized states together from checked chunks, in whatever order they come.
struct StateCollector {
    enum Arrival: Equatable {
        case ignored
        /// Checksum or length is wrong.
        case damaged
        case stored
        case complete([UInt8])
    }

    private struct Assembly {
        var name: StateName
        var worker: UInt32
        var totalByteCount: UInt64
        var pieces: [[UInt8]]
        var missingCount: Int
    }

    private var assemblies: [Assembly] = []
    private var completed: Set<StateName> = []

    mutating func receive(_ chunk: StateChunk, from worker: UInt32) -> Arrival {
        guard !completed.contains(chunk.name) else { return .ignored }
        let chunkByteCount = UInt64(WireLimits.chunkByteCount)
        guard chunk.totalByteCount > 0, chunk.totalByteCount <= WireLimits.contentByteCount,
            chunk.offset < chunk.totalByteCount, chunk.offset % chunkByteCount == 0,
            UInt64(chunk.bytes.count) == min(chunkByteCount, chunk.totalByteCount - chunk.offset),
            CRC32C.checksum(chunk.bytes) == chunk.checksum
        else { return .damaged }
        let index = assembly(for: chunk, from: worker)
        guard assemblies[index].totalByteCount == chunk.totalByteCount else { return .damaged }
        let piece = Int(chunk.offset / chunkByteCount)
        guard assemblies[index].pieces[piece].isEmpty else { return .ignored }
        assemblies[index].pieces[piece] = chunk.bytes
        assemblies[index].missingCount -= 1
        guard assemblies[index].missingCount == 0 else { return .stored }
        completed.insert(chunk.name)
        return .complete(Array(assemblies.remove(at: index).pieces.joined()))
    }

    /// Forgets what is only partly there: who takes its sender's place sends it from the beginning.
    mutating func forgetUnfinished() {
        assemblies = []
    }

    /// Lets a state be received once more: a purpose may come back with the same steps complete.
    mutating func forget(_ name: StateName) {
        completed.remove(name)
    }

    /// Whether part of a state is still on its way.
    var isWaiting: Bool { !assemblies.isEmpty }

    /// Whoever sends a state takes the place of who began to and was lost: a late chunk may have come from that one.
    private mutating func assembly(for chunk: StateChunk, from worker: UInt32) -> Int {
        assemblies.removeAll { $0.name == chunk.name && $0.worker != worker }
        if let index = assemblies.firstIndex(where: { $0.name == chunk.name }) {
            return index
        }
        let chunkByteCount = UInt64(WireLimits.chunkByteCount)
        let pieceCount = Int((chunk.totalByteCount + chunkByteCount - 1) / chunkByteCount)
        assemblies.append(
            Assembly(
                name: chunk.name, worker: worker, totalByteCount: chunk.totalByteCount,
                pieces: Array(repeating: [], count: pieceCount), missingCount: pieceCount))
        return assemblies.count - 1
    }
}
