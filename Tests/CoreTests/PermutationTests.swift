import Testing

@testable import Core

@Suite struct PermutationTests {
    @Test("every place is in a permutation exactly once", arguments: [0, 1, 2, 3, 4, 5, 17, 1000, 60_000])
    func exact(count: Int) {
        let order = RandomStream(seed: 5, purpose: .split).permutation(count: count)
        #expect(order.sorted() == (0..<count).map(Int32.init))
    }

    @Test("the order is the committed one: a change would change every result")
    func golden() {
        let order = RandomStream(seed: 1, purpose: .split).permutation(count: 60_000)
        #expect(Array(order.prefix(8)) == [44134, 1281, 20742, 29254, 31584, 34270, 51955, 36820])
        #expect(RandomStream(seed: 1, purpose: .split).permutation(count: 10) == [0, 9, 6, 8, 2, 3, 5, 4, 1, 7])
    }

    @Test("all 24 orders of four are equally frequent")
    func unbiased() {
        var counts: [[Int32]: Int] = [:]
        for step: UInt32 in 0..<48_000 {
            counts[RandomStream(seed: 9, purpose: .epochOrder, step: step).permutation(count: 4), default: 0] += 1
        }
        #expect(counts.count == 24)
        // Chi-squared with 23 degrees of freedom exceeds 49.7 once in a thousand seeds.
        let statistic = counts.values.reduce(0.0) { $0 + Double(($1 - 2000) * ($1 - 2000)) / 2000 }
        #expect(statistic < 49.7)
    }

    @Test("a bounded draw rejects exactly the words that would favour some results")
    func rejection() {
        // For the bound 3 · 2³⁰ a quarter of all words must be rejected: those with product.low < 2³⁰.
        let stream = RandomStream(seed: 11, purpose: .split)
        let bound: UInt32 = 3 << 30
        var rejections = 0
        for element: UInt32 in 0..<4000 {
            let first = stream.word(position: 0, element: element)
            let drawn = stream.index(below: bound, firstWord: first, element: element)
            #expect(drawn < bound)
            if first.multipliedFullWidth(by: bound).low < 1 << 30 {
                rejections += 1
                #expect(drawn == stream.firstAccepted(below: bound, element: element))
            } else {
                #expect(drawn == first.multipliedFullWidth(by: bound).high)
            }
        }
        #expect(abs(rejections - 1000) < 150)
    }
}

extension RandomStream {
    /// The draw by definition: the first position whose word lies outside the 2³² mod bound rejected low halves.
    fileprivate func firstAccepted(below bound: UInt32, element: UInt32) -> UInt32? {
        let rejected = (UInt64(1) << 32) % UInt64(bound)
        for position: UInt32 in 0..<1000 {
            let product = UInt64(word(position: position, element: element)) * UInt64(bound)
            if product & 0xFFFF_FFFF >= rejected { return UInt32(product >> 32) }
        }
        return nil
    }
}
