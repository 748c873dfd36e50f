import Crypto

/// SHA-256 taken piece by piece.
public struct SHA256Hasher: Sendable {
    private var state = SHA256()

    public init() {}

    /// Appends bytes to what is digested.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
    }

    /// The digest of everything so far; more may be appended after it.
    public func finish() -> SHA256Digest {
        guard let digest = SHA256Digest(bytes: Array(state.finalize())) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        return digest
    }
}
