import Transport

/// The memory of gradients and sums: two of each, used by steps in turn, because libzmq may still send from the arena
/// of the step before.
///
/// Root `r` of a step begins at `gradient(parity) + r * rootStride`.
final class GradientArenas {
    let elementCount: Int
    let rootCount: Int
    /// Floats from one root to the next.
    let rootStride: Int
    private let memory: UnsafeMutablePointer<Float>
    /// What was lent from each of the two.
    let counters = [ReleaseCounter(), ReleaseCounter()]

    init(elementCount: Int, rootCount: Int) {
        self.elementCount = elementCount
        self.rootCount = max(1, rootCount)
        // Roots are a cache line apart beyond their length, so that equal elements do not meet in one cache set.
        rootStride = (elementCount + 31) / 16 * 16
        let count = 2 * (self.rootCount + 1) * rootStride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 4 * count, alignment: 4096)
        memory = raw.bindMemory(to: Float.self, capacity: count)
        memory.initialize(repeating: 0, count: count)
    }

    // While libzmq may still read, the memory is left to the end of the process.
    deinit {
        if isIdle(0) && isIdle(1) { UnsafeMutableRawPointer(memory).deallocate() }
    }

    func gradient(_ parity: Int) -> UnsafeMutablePointer<Float> {
        memory + parity * (rootCount + 1) * rootStride
    }

    func sum(_ parity: Int) -> UnsafeMutablePointer<Float> {
        gradient(parity) + rootCount * rootStride
    }

    /// Whether libzmq has given back everything that was lent from this arena.
    func isIdle(_ parity: Int) -> Bool {
        counters[parity].isIdle
    }
}
