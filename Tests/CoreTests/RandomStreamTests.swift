import Core
import Testing

@Suite struct RandomStreamTests {
    @Test("key and counter are laid out as documented")
    func layout() {
        let stream = RandomStream(seed: 0x1122_3344_5566_7788, purpose: .dropout, layer: 9, step: 77)
        let generator = Philox4x32(key0: 0x5566_7788, key1: 0x1122_3344)
        for element: UInt32 in [0, 1, 2, 3, 4, 1_000_003, .max] {
            let block = generator.block(SIMD4(element / 4, 5, 77, 4 << 16 | 9))
            #expect(stream.word(position: 5, element: element) == block[Int(element % 4)])
            #expect(stream.block(position: 5, index: element / 4) == block)
        }
    }

    @Test("each part of the address changes the word")
    func independence() {
        let base = RandomStream(seed: 1, purpose: .split).word(position: 0, element: 0)
        let others = [
            RandomStream(seed: 2, purpose: .split).word(position: 0, element: 0),
            RandomStream(seed: 1 << 32 | 1, purpose: .split).word(position: 0, element: 0),
            RandomStream(seed: 1, purpose: .epochOrder).word(position: 0, element: 0),
            RandomStream(seed: 1, purpose: .split, layer: 1).word(position: 0, element: 0),
            RandomStream(seed: 1, purpose: .split, step: 1).word(position: 0, element: 0),
            RandomStream(seed: 1, purpose: .split).word(position: 1, element: 0),
            RandomStream(seed: 1, purpose: .split).word(position: 0, element: 1),
        ]
        #expect(Set(others + [base]).count == others.count + 1)
    }

    @Test("the numbers of the purposes never change")
    func purposes() {
        #expect(RandomPurpose.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7])
        #expect(RandomPurpose.initialWeights.rawValue == 1)
        #expect(RandomPurpose.split.rawValue == 2)
        #expect(RandomPurpose.epochOrder.rawValue == 3)
    }

    @Test("uniform numbers are the upper 24 bits: never 1, exact, evenly spread")
    func uniform() {
        #expect(RandomStream.uniform(0) == 0)
        #expect(RandomStream.uniform(0xFF) == 0)
        #expect(RandomStream.uniform(0x100) == 0x1p-24)
        #expect(RandomStream.uniform(.max) == 1 - 0x1p-24)
        let stream = RandomStream(seed: 3, purpose: .augmentation)
        var sum = 0.0
        var tenths = [Int](repeating: 0, count: 10)
        for element: UInt32 in 0..<100_000 {
            let number = stream.uniform(position: 4, element: element)
            #expect(number == RandomStream.uniform(stream.word(position: 4, element: element)))
            sum += Double(number)
            tenths[Int(number * 10)] += 1
        }
        #expect(abs(sum / 100_000 - 0.5) < 0.005)
        #expect(tenths.allSatisfy { abs($0 - 10_000) < 500 })
    }
}
