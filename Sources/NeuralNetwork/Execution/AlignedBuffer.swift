/// Zeroed memory that starts at a multiple of 64 bytes and lives as long as the object.
///
/// Parameters, gradients and optimizer slots are buffers of one layout, `Model.arenaCount` floats each.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: the object itself never changes; its owner decides which thread writes which elements when.
    package let pointer: UnsafeMutablePointer<Element>
    package let count: Int

    package init(count: Int) {
        precondition(count >= 0, "a buffer cannot have a negative size")
        let byteCount = max(count, 1) * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        pointer = memory.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
