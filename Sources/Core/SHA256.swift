import CCrypto

/// A SHA-256 digest: 32 bytes.
///
/// ```swift
/// let checkpoint = try Checkpoint(path: "a-1.safetensors")
/// let digest: SHA256Digest = checkpoint.digest
/// print(digest.hexadecimal)
/// ```
public struct SHA256Digest: Hashable, Sendable {
    package static let byteCount = 32

    /// The 32 bytes, in the order in which they are printed.
    public let bytes: [UInt8]

    /// Reads 64 hexadecimal digits of either case; nil for anything else.
    public init?(hexadecimal: String) {
        let digits = Array(hexadecimal.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(ofDigit: digits[index]), let low = Self.value(ofDigit: digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    /// The digest of some bytes in memory.
    package init(of bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finish()
    }

    /// The digest of an array's bytes.
    package init(of bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { SHA256Digest(of: $0) }
    }

    /// A digest that was stored as 32 bytes; nil for another length.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first 12 hexadecimal digits, enough to distinguish digests in a message.
    package var abbreviated: String { String(hexadecimal.prefix(12)) }

    private static func value(ofDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension SHA256Digest: CustomStringConvertible {
    public var description: String { hexadecimal }
}

/// SHA-256 of a text that is given in pieces, computed by libcrypto, which uses the processor's SHA instructions where
/// it has them.
package struct SHA256Hasher: Sendable {
    private var state = DigestState()

    package init() {}

    /// Digests more bytes. Cost: about 1 byte in 1 to 2 cycles with SHA instructions.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if !isKnownUniquelyReferenced(&state) { state = DigestState(copying: state) }
        state.update(bytes)
    }

    /// The digest of everything so far; more may be appended after it.
    package func finish() -> SHA256Digest {
        guard let digest = SHA256Digest(bytes: DigestState(copying: state).finish()) else {
            preconditionFailure("SHA-256 gives 32 bytes")
        }
        return digest
    }
}

/// A digest context of libcrypto. Only its owner changes it, and a shared one is copied first, so it may move between
/// threads.
private final class DigestState: @unchecked Sendable {
    private let context: OpaquePointer

    init() {
        context = Self.newContext()
        let isStarted = EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        precondition(isStarted, "libcrypto has no SHA-256")
    }

    init(copying other: DigestState) {
        context = Self.newContext()
        let isCopied = EVP_MD_CTX_copy_ex(context, other.context) == 1
        precondition(isCopied, "libcrypto could not copy a SHA-256 state")
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        let isTaken = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
        precondition(isTaken, "libcrypto could not digest")
    }

    /// The 32 bytes of the digest. The state cannot be used afterwards.
    func finish() -> [UInt8] {
        var length: UInt32 = 0
        return [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            let isFinished = EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1
            precondition(isFinished, "libcrypto could not finish a digest")
            count = Int(length)
        }
    }

    private static func newContext() -> OpaquePointer {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("no memory for a digest's state") }
        return context
    }
}
