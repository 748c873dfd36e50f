import NeuralNetwork

/// The arenas of a state: its parameters, and one arena for each of the optimizer's slots. All have the model's layout
/// (`Model.parameters`).
package final class StateArenas {
    /// Floats at an address.
    package struct Arena {
        package let pointer: UnsafeMutablePointer<Float>
        package let count: Int
    }

    package let parameters: Arena
    /// In the order of the optimizer's `slotNames`.
    package let slots: [Arena]
    /// The slots' memory as an array of pointers for kernels.
    let slotPointers: UnsafePointer<UnsafeMutablePointer<Float>>
    /// What the memory belongs to.
    private let owner: AnyObject

    /// Arenas in memory of their own; zeroed.
    convenience init(count: Int, slotCount: Int) {
        let buffers = (0...slotCount).map { _ in AlignedBuffer<Float>(count: count) }
        self.init(buffers.map(\.pointer), count: count, owner: Buffers(buffers))
    }

    /// Arenas in memory that lives as long as `owner`: the parameters, then the slots.
    package init(_ arenas: [UnsafeMutablePointer<Float>], count: Int, owner: AnyObject) {
        precondition(!arenas.isEmpty, "a state has parameters")
        let all = arenas.map { Arena(pointer: $0, count: count) }
        parameters = all[0]
        slots = Array(all.dropFirst())
        self.owner = owner
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<Float>>.allocate(capacity: max(1, slots.count))
        for (index, slot) in slots.enumerated() { (pointers + index).initialize(to: slot.pointer) }
        slotPointers = UnsafePointer(pointers)
    }

    deinit {
        slotPointers.deallocate()
    }

    /// Floats from each value of these arenas to its place in others; nil where the places differ from arena to arena.
    func offset(to other: StateArenas) -> Int? {
        let offset = other.parameters.pointer - parameters.pointer
        for index in slots.indices where other.slotPointers[index] - slotPointers[index] != offset { return nil }
        return offset
    }

    /// Copies some elements of all arenas from others with the same layout.
    func copy(_ elements: Range<Int>, from other: StateArenas) {
        let (begin, count) = (elements.lowerBound, elements.count)
        (parameters.pointer + begin).update(from: other.parameters.pointer + begin, count: count)
        for index in slots.indices {
            (slotPointers[index] + begin).update(from: other.slotPointers[index] + begin, count: count)
        }
    }

    private final class Buffers {
        private let buffers: [AlignedBuffer<Float>]

        init(_ buffers: [AlignedBuffer<Float>]) {
            self.buffers = buffers
        }
    }
}
