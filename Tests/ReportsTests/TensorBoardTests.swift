import Core
import Foundation
import Runs
import Testing

@testable import Reports

@Suite struct TensorBoardTests {
    private func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.filter { $0 != " " })
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    /// Records that TensorBoard's own writer gives.
    @Test func recordsAreThoseOfTheFormat() {
        #expect(TensorBoardEvent.maskedChecksum(of: Array("123456789".utf8)) == 0xC78A_B0E5)
        let version = TensorBoardEvent(wallTime: 1, step: 0, content: .fileVersion)
        #expect(
            version.record
                == bytes("1800000000000000 a37f4b22 09000000000000f03f1a0d627261696e2e4576656e743a32 86bf577a"))
        let loss = TensorBoardEvent(
            wallTime: 1, step: 7, content: .summary([TensorBoardValue(tag: "loss", content: .scalar(0.5))]))
        #expect(
            loss.record
                == bytes("1a00000000000000 129bd82d 09000000000000f03f10072a0d0a0b0a046c6f7373150000003f 862c9a2f"))
    }

    @Test func aHistogramCountsEachFiniteValueOnce() {
        let histogram = ValueHistogram([0, 1, 2, 2, .nan, .infinity, 10])
        #expect(histogram.count == 5 && histogram.minimum == 0 && histogram.maximum == 10)
        #expect(histogram.sum == 15 && histogram.sumOfSquares == 109)
        #expect(histogram.counts.reduce(0, +) == 5)
        #expect(histogram.limits.count == ValueHistogram.bucketCount)
        #expect(zip(histogram.limits, histogram.limits.dropFirst()).allSatisfy { $0 < $1 })
        #expect(abs((histogram.limits.last ?? 0) - 10) < 1e-9)
        let equal = ValueHistogram([3, 3])
        #expect(equal.counts.reduce(0, +) == 2 && equal.counts[0] == 2)
        #expect(ValueHistogram([.nan]).limits.isEmpty)
    }
}
