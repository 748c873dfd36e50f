/// Where a reader gets its bytes from, a window at a time.
protocol ByteSource: ~Copyable {
    /// Fills the front of `window` and gives how much of it was filled; 0 only at the end.
    mutating func read(into window: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}

extension ByteSource where Self: ~Copyable {
    /// The bytes up to the end, or `limit` + 1 of them if there are more. Memory grows only as bytes come.
    mutating func bytes(atMost limit: Int) throws(DatasetError) -> [UInt8] {
        var bytes: [UInt8] = []
        let window = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { window.deallocate() }
        while bytes.count <= limit {
            let count = try read(into: window)
            if count == 0 { break }
            bytes += window[..<min(count, limit + 1 - bytes.count)]
        }
        return bytes
    }
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
