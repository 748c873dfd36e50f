import Coordination
import Core
import Datasets

/// Content that the coordinator sends to workers on request: the data set, and the state to resume from.
struct ServedContent {
    let data: ContentDescription
    let state: ContentDescription?
    private let archive: DatasetArchive
    private let stateBytes: [UInt8]

    init(_ run: PreparedRun) {
        archive = DatasetArchive(run.trainingSet)
        data = ContentDescription(
            identifier: .data(run.trainingSet.digest), byteCount: UInt64(archive.byteCount))
        stateBytes = run.startBytes ?? []
        state = run.startBytes.map {
            ContentDescription(identifier: .state(SHA256Digest(of: $0)), byteCount: UInt64($0.count))
        }
    }

    /// For observers.
    var dataDigests: [SHA256Digest] {
        if case .data(let digest) = data.identifier { [digest] } else { [] }
    }

    /// The messages that carry some chunks of a content; none for a content or a chunk that does not exist.
    func chunks(_ indices: Range<Int>, of identifier: ContentIdentifier) -> some Sequence<CoordinatorMessage> {
        let description = identifier == data.identifier ? data : state
        let known = description.flatMap { $0.identifier == identifier ? $0 : nil }
        // Lazy: each chunk is read when it is sent.
        return indices.clamped(to: 0..<(known?.chunkCount ?? 0)).lazy.compactMap { index in
            guard let range = known?.byteRange(ofChunk: index) else { return nil }
            let bytes = identifier == data.identifier ? archive.bytes(in: range) : Array(stateBytes[range])
            let checksum = CRC32C.checksum(bytes)
            return CoordinatorMessage.contentChunk(
                ContentChunk(content: identifier, chunk: UInt32(index), checksum: checksum, bytes: bytes))
        }
    }
}
