package import Collectives

/// The two functions that the all-reduce takes from other modules.
package struct AllReduceArithmetic: Sendable {
    /// `sum[i] = left[i] + right[i]`; sum may be left or right. Arguments: count, left, right, sum.
    package typealias Add =
        @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

    package var add: Add
    /// CRC-32C, continuing from an earlier value.
    package var checksum: FrameHeader.Checksum

    package init(add: @escaping Add, checksum: @escaping FrameHeader.Checksum) {
        self.add = add
        self.checksum = checksum
    }
}
