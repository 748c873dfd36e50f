/// Which way bytes go.
package enum FlowDirection: String, Sendable, Hashable, CaseIterable {
    /// From who connected to the route's target.
    case toTarget = "to-target"
    /// From the target to who connected.
    case toClient = "to-client"
}

/// What befalls the traffic of a route while it is set.
///
/// Whether a message is struck is drawn from the seed, the route, the connection's number on it, the direction and the
/// message's number on the connection: the same traffic is struck at the same places.
package struct NetworkFault: Sendable, Hashable {
    package var kind: NetworkFaultKind
    /// nil for both directions.
    package var direction: FlowDirection?
    /// Only connections from this process (Unix-domain sockets); nil for all.
    package var client: Int32?
    /// Only connections that stand when the fault is set.
    package var standingOnly = false
    /// The share of messages that it strikes, above 0 and at most 1.
    package var share = 1.0
    package var seed: UInt64 = 1
    /// `reorder`: behind how many later messages one is held back.
    package var behindCount = 1
    /// `delay`: how much later; `reorder`: the longest time that a message is held back. 0 to `millisecondLimit`.
    package var milliseconds = 0
    /// `delay`: how fast bytes arrive at most; nil for no limit.
    package var bytesPerSecond: Int?

    /// An hour.
    static let millisecondLimit = 3_600_000
    static let behindLimit = 10_000
    static let rateLimit = 1_000_000_000_000
    /// How long a message waits for others to overtake it, where nothing else is said.
    static let reorderMilliseconds = 100

    package init(
        _ kind: NetworkFaultKind, direction: FlowDirection? = nil, share: Double = 1, seed: UInt64 = 1,
        milliseconds: Int? = nil
    ) {
        precondition(share > 0 && share <= 1, "a share lies above 0 and is at most 1")
        self.kind = kind
        self.direction = direction
        self.share = share
        self.seed = seed
        self.milliseconds = milliseconds ?? (kind == .reorder ? Self.reorderMilliseconds : 0)
        precondition(0...Self.millisecondLimit ~= self.milliseconds, "a delay is at most an hour")
    }

    /// Whether setting this fault replaces `other` on the same route.
    func replaces(_ other: NetworkFault) -> Bool {
        kind == other.kind && direction == other.direction && client == other.client
            && standingOnly == other.standingOnly
    }
}

extension NetworkFault: CustomStringConvertible {
    /// The text from which `init(parsing:)` makes this fault again.
    package var description: String {
        var words = [kind.rawValue]
        func add(_ key: NetworkFaultKey, _ value: some CustomStringConvertible) {
            words.append("\(key.rawValue)=\(value)")
        }
        if let direction { add(.direction, direction.rawValue) }
        if let client { add(.client, client) }
        if standingOnly { add(.connections, "standing") }
        let taken = kind.parameters
        if taken.contains(.share) && share < 1 { add(.share, share) }
        if taken.contains(.seed) { add(.seed, seed) }
        if taken.contains(.behind) { add(.behind, behindCount) }
        if taken.contains(.milliseconds) { add(.milliseconds, milliseconds) }
        if let bytesPerSecond { add(.rate, bytesPerSecond) }
        return words.joined(separator: " ")
    }
}
