@testable import NeuralNetwork

/// SplitMix64: small, seeded, and independent of the module under test.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    /// Parameters with biases that are not zero, and scales and variances that are positive; padding is zero.
    mutating func parameters(_ model: Model) -> [Float] {
        var arena = [Float](repeating: 0, count: model.arenaCount)
        for parameter in model.parameters {
            let shape = parameter.internalShape
            let inputs = shape.dropLast().reduce(1, *)
            let scale = shape.count == 1 ? Float(0.2) : (2 / Float(inputs)).squareRoot()
            let range = parameter.layout == .ones ? 0.5...1.5 : -scale...scale
            for index in parameter.arenaRange { arena[index] = Float.random(in: range, using: &self) }
        }
        return arena
    }
}
