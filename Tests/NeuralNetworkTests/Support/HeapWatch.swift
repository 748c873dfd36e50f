import Glibc

/// Notices allocations by bytes in use, in a process where nothing else runs.
///
/// glibc keeps small freed blocks in a cache of the thread and counts them as in use. Once that cache is drained, every
/// allocation of up to a kilobyte is taken from the heap, and the bytes in use stay higher even if the block is freed
/// at once.
enum HeapWatch {
    /// Takes all blocks that the calling thread's cache may hold, and returns them as a chain: the caller that stores
    /// it keeps the optimizer from leaving them out.
    static func drainThreadCache() -> UnsafeMutableRawPointer? {
        var chain: UnsafeMutableRawPointer?
        for size in stride(from: 8, through: 1040, by: 16) {
            for _ in 0..<32 {
                let block = malloc(size)
                block?.storeBytes(of: chain, as: UnsafeMutableRawPointer?.self)
                chain = block
            }
        }
        return chain
    }

    /// The field `uordblks` of `mallinfo2`. The C function returns a structure of ten words, for which the caller
    /// passes a hidden first argument on x86-64.
    static func bytesInUse(_ read: Reader) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 10) { words in
            _ = read(UnsafeMutableRawPointer(words.baseAddress))
            return words[7]
        }
    }

    typealias Reader = @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?

    /// The reader, or nil where the C library has none.
    static func reader() -> Reader? {
        dlsym(nil, "mallinfo2").map { unsafeBitCast($0, to: Reader.self) }
    }
}
