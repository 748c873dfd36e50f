internal import CPlatform
internal import Synchronization

/// A point that no thread passes before all have arrived: a short spin, then sleep on a futex. Any number of times;
/// nothing is allocated.
///
/// What a thread wrote before the barrier is seen by every thread after it.
final class ThreadBarrier: Sendable {
    /// About 20 µs: longer than threads of one step differ, shorter than a scheduler's time slice by far.
    private static let spinLimit = 1500

    let threadCount: Int
    private let spinCount: Int
    private let arrived = FutexWord()
    /// Rises by one, and wraps, each time that all have arrived.
    private let generation = FutexWord()
    private let sleepers = FutexWord()

    init(threadCount: Int) {
        self.threadCount = threadCount
        // With more threads than processors the one waited for may need this processor.
        spinCount = threadCount <= Int(selvedge_processor_count()) ? Self.spinLimit : 0
    }

    func wait() {
        guard threadCount > 1 else { return }
        // Read before arriving: afterwards the last one may raise it at once.
        let own = generation.load()
        if arrived.add(1) == UInt32(threadCount) {
            arrived.store(0)
            // All is sequentially consistent, so with `sleep` either this sees the sleeper, or the sleeper sees the new
            // generation.
            generation.add(1)
            if sleepers.load() > 0 {
                selvedge_futex_wake(generation.address, Int32.max)
            }
            return
        }
        for _ in 0..<spinCount {
            if generation.load() != own { return }
            selvedge_spin_pause()
        }
        sleep(while: own)
    }

    private func sleep(while own: UInt32) {
        sleepers.add(1)
        while generation.load() == own {
            selvedge_futex_wait(generation.address, own)
        }
        sleepers.subtract(1)
    }
}

/// An atomic word on its own cache line, with an address for the futex call. All operations are sequentially
/// consistent.
private final class FutexWord: @unchecked Sendable {
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
