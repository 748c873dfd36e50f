import KernelInterface
import Testing

@Suite("Max pooling")
struct MaxPoolTests {
    struct Size {
        let height: Int
        let width: Int
        let channels: Int
        var inputCount: Int { height * width * channels }
        var pooledCount: Int { (height / 2) * (width / 2) * channels }
        var label: String { "\(height)×\(width)×\(channels)" }
    }

    static let sizes: [Size] = [(1, 1), (2, 2), (2, 3), (3, 2), (5, 7), (6, 4)].flatMap { height, width in
        [1, 3, 5, 16, 17, 32, 33, 64].map { Size(height: height, width: width, channels: $0) }
    }

    /// Values of which many are equal, negative, or zero of either sign.
    static func values(_ count: Int, seed: Int) -> [Float] {
        var numbers = TestNumbers(seed)
        return (0..<count).map { _ in [-1, -0.0, 0, 0.5, 2][Int(numbers.word() >> 33 % 5)] }
    }

    @Test("the first maximum in row order wins, on every set")
    func forward() {
        for size in Self.sizes {
            let input = Self.values(2 * size.inputCount, seed: size.channels)
            var expected: [Float] = []
            var places: [UInt8] = []
            for sample in 0..<2 {
                for y in 0..<size.height / 2 {
                    for x in 0..<size.width / 2 {
                        for channel in 0..<size.channels {
                            let window = (0..<4).map { place in
                                let row = (sample * size.height + 2 * y + place / 2) * size.width
                                return input[(row + 2 * x + place % 2) * size.channels + channel]
                            }
                            let best = window.max() ?? 0
                            let place = window.firstIndex { $0 == best } ?? 0
                            expected.append(window[place])
                            places.append(UInt8(place))
                        }
                    }
                }
            }
            for table in tables {
                let inputs = GuardedFloats(input)
                let output = GuardedFloats(count: 2 * size.pooledCount)
                let windowIndex = GuardedBytes(count: 2 * size.pooledCount)
                table.maxPoolForward(
                    MaxPoolArguments(
                        sampleCount: 2, inputHeight: size.height, inputWidth: size.width, channels: size.channels,
                        input: inputs.pointer, output: output.pointer, windowIndex: windowIndex.pointer))
                #expect(bits(output.values) == bits(expected), "\(table.name) \(size.label)")
                #expect(windowIndex.values == places, "\(table.name) \(size.label)")
                #expect(output.isIntact && windowIndex.isIntact && inputs.isIntact, "\(table.name) \(size.label)")
            }
        }
    }

    @Test("each gradient goes to its maximum, everything else becomes +0, on every set")
    func backward() {
        for size in Self.sizes {
            var numbers = TestNumbers(size.channels)
            let gradient = numbers.floats(2 * size.pooledCount)
            let places = numbers.windowPlaces(2 * size.pooledCount)
            var expected = [Float](repeating: 0, count: 2 * size.inputCount)
            var source = 0
            for sample in 0..<2 {
                for y in 0..<size.height / 2 {
                    for x in 0..<size.width / 2 {
                        for channel in 0..<size.channels {
                            let place = Int(places[source])
                            let row = (sample * size.height + 2 * y + place / 2) * size.width
                            let target = (row + 2 * x + place % 2) * size.channels + channel
                            if places[source] != noWindowPlace { expected[target] = gradient[source] }
                            source += 1
                        }
                    }
                }
            }
            for table in tables {
                let inputGradient = GuardedFloats(count: 2 * size.inputCount)
                let gradients = GuardedFloats(gradient)
                let indices = GuardedBytes(places)
                table.maxPoolBackward(
                    MaxPoolArguments(
                        sampleCount: 2, inputHeight: size.height, inputWidth: size.width, channels: size.channels,
                        windowIndex: indices.pointer, outputGradient: gradients.pointer,
                        inputGradient: inputGradient.pointer))
                #expect(bits(inputGradient.values) == bits(expected), "\(table.name) \(size.label)")
                #expect(inputGradient.isIntact, "\(table.name) \(size.label)")
                #expect(gradients.isIntact && indices.isIntact, "\(table.name) \(size.label)")
            }
        }
    }
}
