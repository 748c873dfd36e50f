import Transport

/// The gradient roots, sums and statistics of two steps in turn: a transport may still send from the memory of the step
/// before.
///
/// A step's memory is reserved first, and the step started later; frames belong to started steps.
final class StepMemory {
    /// One of the steps that were started.
    enum Step {
        case latest
        case previous
    }

    /// The memory of one step.
    private struct Half {
        var gradient: UnsafeMutablePointer<Float>
        var sum: UnsafeMutablePointer<Float>
        var statistics: UnsafeMutablePointer<Double>
        /// Counts what was lent to the transport.
        var counter: ReleaseCounter
    }

    /// Floats from one root to the next.
    let rootStride: Int
    private let memory: FrameMemory
    private let halves: [Half]
    private var reserved = 0
    private var started = 0

    /// With `sumIsRoot` the only root is the sum, and no other sum is stored. Gathered roots follow the own ones.
    /// `allocate` gives zeroed memory.
    init(
        elementCount: Int, rootCount: Int, gatheredRootCount: Int, statisticsCount: Int, sumIsRoot: Bool,
        allocate: (_ byteCount: Int) -> FrameMemory
    ) {
        // The extra cache line keeps equal elements of the roots out of one cache set.
        let rootStride = (elementCount + 31) / 16 * 16
        let vectorCount = max(1, rootCount) + gatheredRootCount
        // Sums are at equal places in their pages on all ranks, so that they can be shown without a copy, and at other
        // places than the roots: a store would delay loads from its own place in a page.
        let sumOffset = Self.wholePages(vectorCount * rootStride) + Self.pageElementCount / 2
        let halfCount = Self.wholePages(sumOffset + rootStride)
        memory = allocate(8 * halfCount + 16 * statisticsCount)
        let floats = memory.start.bindMemory(to: Float.self, capacity: 2 * halfCount)
        let doubles = (memory.start + 8 * halfCount).bindMemory(to: Double.self, capacity: 2 * statisticsCount)
        halves = (0..<2).map { half in
            let gradient = floats + half * halfCount
            return Half(
                gradient: gradient, sum: sumIsRoot ? gradient : gradient + sumOffset,
                statistics: doubles + half * statisticsCount, counter: ReleaseCounter())
        }
        self.rootStride = rootStride
    }

    /// Floats of a page.
    private static let pageElementCount = 1024

    private static func wholePages(_ elementCount: Int) -> Int {
        (elementCount + pageElementCount - 1) / pageElementCount * pageElementCount
    }

    // Memory that a transport may still read is never freed.
    deinit {
        if !isIdle { _ = Unmanaged.passRetained(memory) }
    }

    /// Whether the transport has given back everything.
    var isIdle: Bool { halves.allSatisfy(\.counter.isIdle) }

    /// Whether the memory that `reserve` would take is free.
    var canReserve: Bool { halves[1 - reserved].counter.isIdle }

    /// 0 or 1: the memory of the step that was started last.
    var startedHalf: Int { started }

    /// Turns to the memory of the next step.
    func reserve() {
        reserved = 1 - reserved
    }

    /// Starts the step whose memory was reserved last.
    func start() {
        started = reserved
    }

    /// The roots of the step that was reserved last: root `r`, element `i` at `gradient[r * rootStride + i]`.
    var gradient: UnsafeMutablePointer<Float> { halves[reserved].gradient }

    /// The sums of the step that was reserved last.
    var sum: UnsafeMutablePointer<Float> { halves[reserved].sum }

    /// The statistics of the step that was reserved last.
    var statistics: UnsafeMutablePointer<Double> { halves[reserved].statistics }

    /// Counts the lent buffers of a step's memory.
    func counter(_ step: Step) -> ReleaseCounter { half(step).counter }

    /// The bytes of some elements of a root.
    func contribution(_ root: Int, elements: Range<Int>, of step: Step) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: half(step).gradient + root * rootStride + elements.lowerBound, count: 4 * elements.count)
    }

    /// The bytes of some elements of the sum.
    func result(elements: Range<Int>, of step: Step) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: half(step).sum + elements.lowerBound, count: 4 * elements.count)
    }

    /// The bytes of some statistics.
    func statistics(_ values: Range<Int>, of step: Step) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: half(step).statistics + values.lowerBound, count: 8 * values.count)
    }

    private func half(_ step: Step) -> Half { halves[step == .latest ? started : 1 - started] }
}
