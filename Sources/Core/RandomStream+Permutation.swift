extension RandomStream {
    /// A random order of `0 ..< count`, every one equally likely as far as the generator goes.
    ///
    /// Fisher–Yates from the end: place `i` swaps with a place drawn from `0...i`. The draw for place `i` is element `i`;
    /// a rejected draw is repeated at the next position, so no draw depends on how often an earlier one was rejected.
    /// `count` is at most `Int32.max`.
    package func permutation(count: Int) -> [Int32] {
        precondition(count >= 0 && count <= Int(Int32.max), "a permutation has between 0 and 2³¹ − 1 places")
        var order = [Int32](unsafeUninitializedCapacity: count) { places, initializedCount in
            for index in 0..<count { places.initializeElement(at: index, to: Int32(truncatingIfNeeded: index)) }
            initializedCount = count
        }
        guard count > 1 else { return order }
        var words = SIMD4<UInt32>()
        var blockIndex = UInt32.max
        for place in stride(from: count - 1, to: 0, by: -1) {
            let element = UInt32(truncatingIfNeeded: place)
            if element >> 2 != blockIndex {
                blockIndex = element >> 2
                words = block(position: 0, index: blockIndex)
            }
            let other = index(below: element + 1, firstWord: words[Int(element & 3)], element: element)
            order.swapAt(place, Int(other))
        }
        return order
    }

    /// An unbiased draw from `0 ..< bound`: the high half of `word · bound`, rejecting the low halves that would favour some
    /// results. Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
    func index(below bound: UInt32, firstWord: UInt32, element: UInt32) -> UInt32 {
        var product = firstWord.multipliedFullWidth(by: bound)
        guard product.low < bound else { return product.high }
        let rejectedCount = (0 &- bound) % bound
        var position: UInt32 = 0
        while product.low < rejectedCount {
            position &+= 1
            product = word(position: position, element: element).multipliedFullWidth(by: bound)
        }
        return product.high
    }
}
