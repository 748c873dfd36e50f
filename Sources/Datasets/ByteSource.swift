/// Where a reader gets its bytes from, a window at a time.
protocol ByteSource: ~Copyable {
    /// Fills the front of `window` and gives how much of it was filled; 0 only at the end.
    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}

/// Bytes that are already in memory.
struct MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into window: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(window.count, bytes.count - position)
        window.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}
