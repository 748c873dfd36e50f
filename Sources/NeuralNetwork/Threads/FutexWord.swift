internal import Synchronization

/// An atomic word on a cache line of its own, with an address for the futex call. All operations are sequentially
/// consistent.
final class FutexWord: @unchecked Sendable {
    // Sendable: the pointer never changes, and what it points to is atomic.
    private let pointer: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        pointer = memory.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
        pointer.initialize(to: Atomic(0))
    }

    deinit {
        pointer.deinitialize(count: 1)
        UnsafeMutableRawPointer(pointer).deallocate()
    }

    var address: UnsafePointer<UInt32> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt32.self)
    }

    @inline(__always)
    func load() -> UInt32 {
        pointer.pointee.load(ordering: .sequentiallyConsistent)
    }

    @inline(__always)
    func store(_ value: UInt32) {
        pointer.pointee.store(value, ordering: .sequentiallyConsistent)
    }

    /// Adds, wrapping around; returns the new value.
    @inline(__always)
    @discardableResult
    func add(_ value: UInt32) -> UInt32 {
        pointer.pointee.wrappingAdd(value, ordering: .sequentiallyConsistent).newValue
    }

    @inline(__always)
    func subtract(_ value: UInt32) {
        pointer.pointee.wrappingSubtract(value, ordering: .sequentiallyConsistent)
    }
}
