/// Zeroed memory that starts at a multiple of 64 bytes and lives as long as the object.
final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: the object itself never changes; who writes which elements when is settled by `NetworkPass`.
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int) {
        let byteCount = max(count, 1) * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        pointer = memory.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
