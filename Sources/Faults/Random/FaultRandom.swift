import Core

/// Draws for one random plan: the same for the same seed and run, whatever else was drawn.
struct FaultRandom {
    private let generator: Philox4x32
    private let run: UInt32
    private let use: Use
    private var drawn: UInt32 = 0

    /// Keeps these counters apart from those of training.
    private static let purpose: UInt32 = 0x4641_554C

    /// What is drawn; each use has draws of its own.
    enum Use: UInt32 {
        case faults
        case workerCount
    }

    init(seed: UInt64, run: Int, use: Use = .faults) {
        generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: seed), key1: UInt32(truncatingIfNeeded: seed >> 32))
        self.run = UInt32(truncatingIfNeeded: run)
        self.use = use
    }

    private mutating func word() -> UInt32 {
        defer { drawn &+= 1 }
        return generator.block(SIMD4(drawn, run, use.rawValue, Self.purpose))[0]
    }

    /// A number in the range; the multiplication favours some by one part in 2³² / count, which does no harm to a plan.
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        precondition(range.count <= 1 << 31, "a range that 32 bits can draw from")
        let product = UInt64(word()) * UInt64(range.count)
        return range.lowerBound + Int(product >> 32)
    }

    /// An element, or nil of an empty list.
    mutating func element<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[integer(0...elements.count - 1)]
    }

    mutating func chance(_ share: Double) -> Bool { unit() < share }

    /// A number in [0, 1).
    mutating func unit() -> Double { Double(word()) * 0x1p-32 }
}
