import Coordination
import Digests

/// Content on its way from the coordinator, put together chunk by chunk.
///
/// Sizes were checked against the protocol's limits before they come here; the digest is checked when the content is taken.
struct ContentStore {
    private var pieces: [ContentIdentifier: [UInt8]] = [:]

    mutating func expect(_ content: ContentDescription) {
        pieces[content.identifier] = [UInt8](repeating: 0, count: Int(content.byteCount))
    }

    mutating func store(_ identifier: ContentIdentifier, offset: Int, bytes: [UInt8]) {
        guard let size = pieces[identifier]?.count, offset >= 0, offset <= size - bytes.count else { return }
        pieces[identifier]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    /// The whole content, or nil when none was expected.
    mutating func take(_ identifier: ContentIdentifier) throws(ClusterError) -> [UInt8]? {
        guard let bytes = pieces.removeValue(forKey: identifier) else { return nil }
        let expected: ContentDigest
        switch identifier {
        case .data(let digest), .state(let digest): expected = digest
        }
        guard ContentDigest(SHA256Digest(of: bytes)) == expected else {
            throw .content("what the coordinator sent does not have the digest \(expected) that it announced")
        }
        return bytes
    }
}
