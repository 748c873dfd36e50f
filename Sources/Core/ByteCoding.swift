/// Reads little-endian fields from the front of some bytes. Nothing is read past their end and nothing traps.
///
/// Every method returns nil, and consumes nothing, when too few bytes remain. Works on arrays, slices and raw buffers;
/// a reader of a raw buffer is valid as long as the buffer.
package struct ByteReader<Bytes: RandomAccessCollection> where Bytes.Element == UInt8, Bytes.Index == Int {
    @usableFromInline let bytes: Bytes
    @usableFromInline var position: Int

    @inlinable
    package init(_ bytes: Bytes) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// How many bytes were read.
    @inlinable
    package var offset: Int { position - bytes.startIndex }

    /// How many bytes are left.
    @inlinable
    package var remainingByteCount: Int { bytes.endIndex - position }

    @inlinable
    package var isAtEnd: Bool { position == bytes.endIndex }

    /// The next integer, two's complement for signed types.
    @inlinable
    package mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let byteCount = Value.bitWidth / 8
        guard remainingByteCount >= byteCount else { return nil }
        var result: Value = 0
        for index in 0..<byteCount {
            result |= Value(truncatingIfNeeded: bytes[position + index]) << Value(8 * index)
        }
        position += byteCount
        return result
    }

    /// The next `count` integers; nil unless all of them are there.
    @inlinable
    package mutating func integers<Value: FixedWidthInteger>(_ type: Value.Type, count: Int) -> [Value]? {
        guard count >= 0, count <= remainingByteCount / (Value.bitWidth / 8) else { return nil }
        return (0..<count).compactMap { _ in integer(type) }
    }

    /// The next `count` bytes.
    @inlinable
    package mutating func bytes(_ count: Int) -> Bytes.SubSequence? {
        guard count >= 0, remainingByteCount >= count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// Everything that is left.
    @inlinable
    package mutating func rest() -> Bytes.SubSequence {
        defer { position = bytes.endIndex }
        return bytes[position...]
    }

    /// The 32 bytes of a digest.
    @inlinable
    package mutating func digest() -> SHA256Digest? {
        bytes(SHA256Digest.byteCount).flatMap { SHA256Digest(bytes: Array($0)) }
    }
}

extension ByteReader: Sendable where Bytes: Sendable {}

/// Appends little-endian fields to an array of bytes.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reservingByteCount: Int = 0) {
        bytes.reserveCapacity(reservingByteCount)
    }

    /// Appends an integer, two's complement for signed types.
    package mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ digest: SHA256Digest) {
        bytes.append(contentsOf: digest.bytes)
    }

    package mutating func append(contentsOf other: some Sequence<UInt8>) {
        bytes.append(contentsOf: other)
    }

    /// Overwrites bytes that were written before, for example a length that is known at the end only.
    ///
    /// - Precondition: the integer lies within what was written.
    package mutating func replace(at offset: Int, with value: some FixedWidthInteger) {
        let byteCount = value.bitWidth / 8
        precondition(
            offset >= 0 && offset <= bytes.count - byteCount, "a field can be replaced only after it was written")
        withUnsafeBytes(of: value.littleEndian) { field in
            bytes.replaceSubrange(offset..<offset + byteCount, with: field)
        }
    }
}
