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

    /// Runs with which the slowest worker is done as early as can be, at least one micro-batch each. `times` is what a
    /// micro-batch takes each worker, in any unit.
    ///
    /// One after the other goes to whoever is done with it first (among equals the lower rank), which is optimal for pieces of
    /// one size.
    public static func fastest(microBatchCount: Int, times: [Double]) -> [MicroBatchRun] {
        precondition(!times.isEmpty && times.count <= microBatchCount, "each worker needs a micro-batch")
        precondition(times.allSatisfy { $0 > 0 && $0.isFinite }, "times are positive numbers")
        var counts = Array(repeating: 1, count: times.count)
        for _ in times.count..<microBatchCount {
            let ends = times.indices.map { Double(counts[$0] + 1) * times[$0] }
            let next = times.indices.min { ends[$0] < ends[$1] } ?? 0
            counts[next] += 1
        }
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
