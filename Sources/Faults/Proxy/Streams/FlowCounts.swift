/// What was done to one direction of a route.
struct FlowCounts: Sendable, Equatable {
    /// Messages that arrived at the proxy.
    var messages: UInt64 = 0
    /// Bytes that left it.
    var forwardedBytes: UInt64 = 0
    var dropped: UInt64 = 0
    var duplicated: UInt64 = 0
    /// Messages held back; some may have gone on without being overtaken.
    var reordered: UInt64 = 0
    var corrupted: UInt64 = 0
    var delayed: UInt64 = 0

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
struct RouteCounts: Sendable, Equatable, CustomStringConvertible {
    var accepted: UInt64 = 0
    var refused: UInt64 = 0
    /// Connections that the proxy broke.
    var reset: UInt64 = 0
    var toTarget = FlowCounts()
    var toClient = FlowCounts()

    var description: String {
        func text(_ way: FlowDirection, _ counts: FlowCounts) -> String {
            "\(way.rawValue) messages=\(counts.messages) bytes=\(counts.forwardedBytes) dropped=\(counts.dropped) "
                + "duplicated=\(counts.duplicated) reordered=\(counts.reordered) corrupted=\(counts.corrupted) "
                + "delayed=\(counts.delayed)"
        }
        return "accepted=\(accepted) refused=\(refused) reset=\(reset) \(text(.toTarget, toTarget)) "
            + text(.toClient, toClient)
    }
}
