/// A fixed block of Floats, 64-byte aligned and zeroed, freed with its owner.
///
/// Parameters, gradients and optimizer slots live in arenas of one layout (`Model.arenaCount` floats each).
package final class FloatArena {
    package let count: Int
    package let floats: UnsafeMutablePointer<Float>

    package init(count: Int) {
        precondition(count >= 0, "an arena cannot have a negative size")
        self.count = count
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
        floats.initialize(repeating: 0, count: max(count, 1))
    }

    deinit {
        floats.deallocate()
    }

    /// Overwrites the whole arena with the floats of another of the same size.
    package func copy(from other: FloatArena) {
        precondition(other.count == count, "arenas of one layout have one size")
        floats.update(from: other.floats, count: count)
    }
}
