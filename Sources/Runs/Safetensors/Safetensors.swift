/// A checked safetensors file in memory: named tensors, and metadata that maps text to text.
///
/// Layout: the length of the header as 8 bytes, little-endian; the header, JSON padded with spaces; the tensors' bytes,
/// little-endian and row-major, without gap or overlap. Values are not checked: they may be infinite or not numbers.
package struct Safetensors: Sendable {
    package struct Tensor: Sendable, Equatable {
        package let name: String
        package let elementType: ElementType
        /// Row-major; empty for a scalar.
        package let shape: [Int]
        /// Where its bytes lie in the file.
        package let byteRange: Range<Int>
    }

    /// The longest header that is read, in bytes; the format's own limit.
    package static let headerByteLimit = 100_000_000

    package let metadata: [String: String]
    /// In the order of their bytes.
    package let tensors: [Tensor]
    /// The whole file.
    package let bytes: [UInt8]
    private let indices: [String: Int]

    /// Checks the whole header; the bytes of the tensors are not looked at.
    ///
    /// - Throws: `SafetensorsError`, one case for each class of damage.
    package init(bytes: [UInt8]) throws(SafetensorsError) {
        let headerRange = try Self.headerRange(bytes)
        let header = try SafetensorsHeader(bytes, in: headerRange)
        let dataStart = headerRange.upperBound
        self.metadata = header.metadata
        self.tensors = try header.placedTensors(dataStart: dataStart, dataByteCount: bytes.count - dataStart)
        self.bytes = bytes
        self.indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// Where the header lies, its length checked against the limit and the file.
    private static func headerRange(_ bytes: [UInt8]) throws(SafetensorsError) -> Range<Int> {
        guard bytes.count >= 8 else { throw .truncatedLength(byteCount: bytes.count) }
        let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= UInt64(headerByteLimit) else { throw .headerTooLarge(byteCount: length) }
        let count = Int(length)
        guard count <= bytes.count - 8 else {
            throw .headerBeyondFile(headerByteCount: count, byteCount: bytes.count)
        }
        return 8..<8 + count
    }

    package func tensor(named name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }

    /// Calls `body` with the bytes of a tensor of this file; they need not be aligned to their type.
    package func withBytes<Result, Failure: Error>(
        of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(tensor.byteRange.upperBound <= bytes.count, "a tensor of another file")
        return try bytes.span.bytes.withUnsafeBytes { buffer throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: buffer[tensor.byteRange]))
        }
    }
}
