/// What was done to one direction of a route.
public struct FlowCounts: Sendable, Equatable {
    /// Messages that arrived at the proxy.
    public var messages: UInt64 = 0
    /// Bytes that left it.
    public var forwardedBytes: UInt64 = 0
    public var dropped: UInt64 = 0
    public var duplicated: UInt64 = 0
    /// Messages held back; some may have gone on without being overtaken.
    public var reordered: UInt64 = 0
    public var corrupted: UInt64 = 0
    public var delayed: UInt64 = 0

    public init() {}

    static func += (left: inout FlowCounts, right: FlowCounts) {
        left.messages += right.messages
        left.forwardedBytes += right.forwardedBytes
        left.dropped += right.dropped
        left.duplicated += right.duplicated
        left.reordered += right.reordered
        left.corrupted += right.corrupted
        left.delayed += right.delayed
    }
}

/// What was done to a route.
public struct RouteCounts: Sendable, Equatable, CustomStringConvertible {
    public var accepted: UInt64 = 0
    public var refused: UInt64 = 0
    /// Connections that the proxy broke.
    public var reset: UInt64 = 0
    public var toTarget = FlowCounts()
    public var toClient = FlowCounts()

    public init() {}

    public var description: String {
        func text(_ way: FlowDirection, _ counts: FlowCounts) -> String {
            "\(way.rawValue) messages=\(counts.messages) bytes=\(counts.forwardedBytes) dropped=\(counts.dropped) "
                + "duplicated=\(counts.duplicated) reordered=\(counts.reordered) corrupted=\(counts.corrupted) "
                + "delayed=\(counts.delayed)"
        }
        return "accepted=\(accepted) refused=\(refused) reset=\(reset) \(text(.toTarget, toTarget)) "
            + text(.toClient, toClient)
    }
}
