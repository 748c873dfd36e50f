import KernelInterface

/// Parameters, up to two slots and a gradient sum, for tests of optimizers.
struct UpdateCase {
    static let batchSize: Float = 96
    static let counts = [0, 1, 3, 7, 8, 15, 16, 17, 33, 500]
    static let adjustments = [
        GradientAdjustment.none, GradientAdjustment(l2: 0.01), GradientAdjustment(l1: 0.02),
        GradientAdjustment(clipFactor: 0.37), GradientAdjustment(clipFactor: 0.8, l1: 0.01, l2: 0.005),
    ]

    var parameters: [Float]
    var first: [Float]
    var second: [Float]
    var gradientSum: [Float]

    init(_ count: Int) {
        parameters = SeededRandomFloats.make(count, seed: 1)
        first = SeededRandomFloats.make(count, seed: 2)
        second = SeededRandomFloats.make(count, seed: 3).map { abs($0) }
        gradientSum = SeededRandomFloats.make(count, seed: 4).map { 100 * $0 }
        if count > 3 { (gradientSum[1], first[1], second[1], parameters[2]) = (0, 0, 0, 0) }
    }

    func gradient(_ index: Int, _ adjustment: GradientAdjustment) -> Float {
        adjustedGradient(
            gradientSum[index], parameters[index], Self.batchSize, l1: adjustment.l1, l2: adjustment.l2,
            clipFactor: adjustment.clipFactor)
    }

    /// Runs an update in fenced memory and returns the case after it, and whether nothing else was written.
    func after(
        _ update: (
            _ parameters: UnsafeMutablePointer<Float>, _ first: UnsafeMutablePointer<Float>,
            _ second: UnsafeMutablePointer<Float>, _ gradientSum: UnsafePointer<Float>
        ) -> Void
    ) -> (result: UpdateCase, isIntact: Bool) {
        let memory = [parameters, first, second].map { FencedFloats($0, misalignment: 1) }
        let sums = FencedFloats(gradientSum, misalignment: 2)
        update(memory[0].start, memory[1].start, memory[2].start, sums.reading)
        var result = self
        (result.parameters, result.first, result.second) = (memory[0].values, memory[1].values, memory[2].values)
        return (result, sums.isIntact && memory.allSatisfy(\.isIntact))
    }

    var bits: [[UInt32]] { [parameters, first, second].map { $0.map(\.bitPattern) } }
}
