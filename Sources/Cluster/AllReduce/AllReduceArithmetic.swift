public import Collectives

/// The two functions that the all-reduce takes from other modules.
public struct AllReduceArithmetic: Sendable {
    /// `sum[i] = left[i] + right[i]`; sum may be left or right. Arguments: count, left, right, sum.
    public typealias Add =
        @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

    public var add: Add
    /// CRC-32C, continuing from an earlier value.
    public var checksum: FrameHeader.Checksum

    public init(add: @escaping Add, checksum: @escaping FrameHeader.Checksum) {
        self.add = add
        self.checksum = checksum
    }
}
