import Coordination
import Core

/// Content on its way from the coordinator, put together chunk by chunk.
///
/// Sizes were checked against the protocol's limits before they come here, and the digest is checked when the content is taken.
struct ContentStore {
    /// Announced sizes; memory is taken for what has arrived.
    private var byteCounts: [ContentIdentifier: Int] = [:]
    private var pieces: [ContentIdentifier: [UInt8]] = [:]

    mutating func expect(_ content: ContentDescription) {
        byteCounts[content.identifier] = Int(content.byteCount)
        pieces[content.identifier] = []
    }

    mutating func store(_ identifier: ContentIdentifier, offset: Int, bytes: [UInt8]) {
        guard let size = byteCounts[identifier], offset >= 0, offset <= size - bytes.count else { return }
        let end = offset + bytes.count
        let lacking = max(0, end - (pieces[identifier]?.count ?? 0))
        pieces[identifier, default: []].append(contentsOf: repeatElement(0, count: lacking))
        pieces[identifier]?.replaceSubrange(offset..<end, with: bytes)
    }

    /// The whole content, or nil when none was expected.
    mutating func take(_ identifier: ContentIdentifier) throws(ClusterError) -> [UInt8]? {
        guard let bytes = pieces.removeValue(forKey: identifier), let size = byteCounts.removeValue(forKey: identifier)
        else { return nil }
        let expected: SHA256Digest
        switch identifier {
        case .data(let digest), .state(let digest): expected = digest
        }
        guard bytes.count == size, SHA256Digest(of: bytes) == expected else {
            throw .content(
                "what the coordinator sent does not have the digest \(expected.abbreviated) that it announced")
        }
        return bytes
    }
}
