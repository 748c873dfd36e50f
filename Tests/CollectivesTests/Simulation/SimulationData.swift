@testable import Collectives

/// What one step computes: the gradient of every micro-batch and the sum below every node of the tree, a pure function
/// of the step. Magnitudes are very different, so that every change of grouping changes bits.
struct SimulationData {
    /// `sums[node][bucket]`; nil below which there are no samples.
    let sums: [[[Float]]?]
    let statistics: [Double]
    let batchSize: Int

    init(step: UInt64, tree: ReductionTree, batchSize: Int, bucketCounts: [Int], statisticsWidth: Int) {
        self.batchSize = batchSize
        let batch = MicroBatches(sampleCount: batchSize, count: tree.leafCount)
        var sums: [[[Float]]?] = Array(repeating: nil, count: 2 * tree.leafCount)
        for leaf in 0..<tree.leafCount where !batch[leaf].isEmpty {
            sums[tree.leafCount + leaf] = bucketCounts.enumerated().map { bucket, count in
                Self.floats(count, seed: step &* 1_000_003 &+ UInt64(leaf) << 32 &+ UInt64(bucket) << 24)
            }
        }
        for node in stride(from: tree.leafCount - 1, to: 0, by: -1) {
            guard let left = sums[2 * node], let right = sums[2 * node + 1] else {
                sums[node] = sums[2 * node] ?? sums[2 * node + 1]
                continue
            }
            sums[node] = zip(left, right).map { zip($0, $1).map { $0 + $1 } }
        }
        self.sums = sums
        statistics = Self.floats(tree.leafCount * statisticsWidth, seed: step).map(Double.init)
    }

    private static func floats(_ count: Int, seed: UInt64) -> [Float] {
        (0..<count).map { index in
            var word = (seed &+ UInt64(index)) &* 0x9E37_79B9_7F4A_7C15
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word ^= word >> 27
            // A significand of 23 random bits, and an exponent from -8 to 7.
            let exponent = UInt32(truncatingIfNeeded: word >> 60) + 119
            return Float(bitPattern: exponent << 23 | UInt32(truncatingIfNeeded: word) & 0x807F_FFFF)
        }
    }
}
