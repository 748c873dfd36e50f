/// The routing id by which the coordinator's socket knows a worker's connection.
public struct ConnectionIdentifier: Hashable, Sendable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// The random 128-bit name of one run, in every frame between workers.
public struct JobIdentifier: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public var description: String {
        hexadecimal(high) + hexadecimal(low)
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A SHA-256 of data, of a state or of a file.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    public static let byteCount = 32
    public let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The first 12 hexadecimal digits, enough to tell digests apart in a message.
    public var description: String {
        bytes.prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// A run of consecutive micro-batches of each global batch.
public struct MicroBatchRun: Hashable, Sendable {
    public var first: Int
    public var count: Int

    public init(first: Int, count: Int) {
        self.first = first
        self.count = count
    }

    /// Runs in proportion to the weights, at least one micro-batch each: the largest remainders get what division leaves.
    /// Among equal remainders the lower rank comes first.
    public static func weighted(microBatchCount: Int, weights: [Double]) -> [MicroBatchRun] {
        precondition(!weights.isEmpty && weights.count <= microBatchCount, "each worker needs a micro-batch")
        precondition(weights.allSatisfy { $0 > 0 && $0.isFinite }, "weights are positive numbers")
        let total = weights.reduce(0, +)
        let free = microBatchCount - weights.count
        let shares = weights.map { Double(free) * $0 / total }
        var counts = shares.map { 1 + Int($0) }
        let byRemainder = shares.indices.sorted { left, right in
            let (a, b) = (shares[left] - shares[left].rounded(.down), shares[right] - shares[right].rounded(.down))
            return a != b ? a > b : left < right
        }
        for index in byRemainder.prefix(microBatchCount - counts.reduce(0, +)) { counts[index] += 1 }
        var first = 0
        return counts.map { count in
            defer { first += count }
            return MicroBatchRun(first: first, count: count)
        }
    }

    /// Micro-batch runs as equal as whole numbers allow: worker r of W owns [r·M/W, (r+1)·M/W).
    public static func balanced(microBatchCount: Int, workerCount: Int) -> [MicroBatchRun] {
        precondition(workerCount > 0 && workerCount <= microBatchCount, "each worker needs a micro-batch")
        return (0..<workerCount).map { rank in
            let first = rank * microBatchCount / workerCount
            return MicroBatchRun(first: first, count: (rank + 1) * microBatchCount / workerCount - first)
        }
    }
}
