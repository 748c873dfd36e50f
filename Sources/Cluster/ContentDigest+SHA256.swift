import Coordination
import Core

extension ContentDigest {
    /// The same 32 bytes as a digest of content.
    init(_ digest: SHA256Digest) {
        guard let value = ContentDigest(bytes: digest.bytes) else {
            preconditionFailure("a SHA-256 digest has 32 bytes")
        }
        self = value
    }
}
