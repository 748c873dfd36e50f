import KernelInterface
import Kernels
import TestSupport
import Testing

private let counts = [0, 1, 3, 7, 8, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000]
private let special: [Float] = [
    0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
    1, -1,
]

/// `count` random values with every special value among them where there is room.
private func mixed(_ count: Int, seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    var values = random.floats(count)
    for (index, value) in special.enumerated() where count > 2 * special.count { values[2 * index] = value }
    return values
}

@Suite("Elementwise kernels")
struct ElementwiseTests {
    @Test("ReLU keeps positive values and writes +0 elsewhere", arguments: InstructionSet.supported)
    func reluForward(_ set: InstructionSet) {
        for count in counts {
            let values = mixed(count, seed: 1)
            let x = FencedFloats(values, misalignment: 1)
            set.table.reluForward(count, x.start)
            #expect(x.bits == values.map { ($0 > 0 ? $0 : 0).bitPattern })
            #expect(x.isIntact)
        }
    }

    @Test("The gradient of ReLU passes where the output is positive", arguments: InstructionSet.supported)
    func reluBackward(_ set: InstructionSet) {
        for count in counts {
            let output = mixed(count, seed: 2)
            let values = mixed(count, seed: 3).map { $0.isNaN ? 2 : $0 }
            let gradient = FencedFloats(values, misalignment: 1)
            let outputMemory = FencedFloats(output, misalignment: 2)
            set.table.reluBackward(count, outputMemory.reading, gradient.start)
            #expect(gradient.bits == zip(output, values).map { ($0 > 0 ? $1 : 0).bitPattern })
            #expect(gradient.isIntact && outputMemory.isIntact)
        }
    }

    @Test("The gradients of sigmoid and tanh are computed from their outputs", arguments: InstructionSet.supported)
    func activationGradients(_ set: InstructionSet) {
        for count in counts {
            let output = SeededRandomFloats.make(count, seed: 7)
            let values = SeededRandomFloats.make(count, seed: 8)
            let outputMemory = FencedFloats(output, misalignment: 2)
            let gradient = FencedFloats(values, misalignment: 1)
            set.table.sigmoidBackward(count, outputMemory.reading, gradient.start)
            #expect(gradient.bits == zip(output, values).map { ($1 * ($0 * (1 - $0))).bitPattern })
            let other = FencedFloats(values, misalignment: 3)
            set.table.hyperbolicTangentBackward(count, outputMemory.reading, other.start)
            #expect(other.bits == zip(output, values).map { ($1 * Float(1).addingProduct(-$0, $0)).bitPattern })
            #expect(gradient.isIntact && other.isIntact && outputMemory.isIntact)
        }
    }

    @Test("Sums are IEEE sums, also in place on either side", arguments: InstructionSet.supported)
    func add(_ set: InstructionSet) {
        for count in counts {
            let left = mixed(count, seed: 4).map { $0.isNaN ? 3 : $0 }
            let right = SeededRandomFloats.make(count, seed: 5)
            let expected = zip(left, right).map { ($0 + $1).bitPattern }
            let a = FencedFloats(left, misalignment: 1)
            let b = FencedFloats(right, misalignment: 2)
            let sum = FencedFloats(count: count, misalignment: 3)
            set.table.add(count, a.reading, b.reading, sum.start)
            #expect(sum.bits == expected)
            set.table.add(count, a.reading, b.reading, b.start)
            #expect(b.bits == expected)
            let c = FencedFloats(right)
            set.table.add(count, a.reading, c.reading, a.start)
            #expect(a.bits == expected)
            #expect(a.isIntact && b.isIntact && c.isIntact && sum.isIntact)
        }
    }

    @Test("Every byte is divided by 255 with one rounding", arguments: InstructionSet.supported)
    func scaleBytes(_ set: InstructionSet) {
        for count in counts + [256] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let y = FencedFloats(count: count, misalignment: 1)
            bytes.withUnsafeBufferPointer { buffer in
                if let start = buffer.baseAddress { set.table.scaleBytes(count, start, y.start) }
            }
            #expect(y.bits == bytes.map { (Float($0) / 255).bitPattern })
            #expect(y.isIntact)
        }
    }

    @Test("One infinity or NaN anywhere is found, and finite values pass", arguments: InstructionSet.supported)
    func allFinite(_ set: InstructionSet) {
        for count in counts {
            var values = SeededRandomFloats.make(count, seed: 6)
            if count > 1 { (values[0], values[1]) = (.greatestFiniteMagnitude, -.greatestFiniteMagnitude) }
            let x = FencedFloats(values, misalignment: 1)
            #expect(set.table.allFinite(count, x.reading))
            for index in 0..<min(count, 70) {
                for value in [Float.infinity, -.infinity, .nan] {
                    x.start[index] = value
                    #expect(!set.table.allFinite(count, x.reading))
                    x.start[index] = values[index]
                }
            }
        }
    }
}

enum SeededRandomFloats {
    static func make(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return random.floats(count)
    }
}
