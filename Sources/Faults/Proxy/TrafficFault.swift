/// The way bytes flow.
package enum FlowDirection: String, Sendable, Hashable, CaseIterable {
    /// From the process that connected to the route's target.
    case toTarget = "to-target"
    /// From the target to the process that connected.
    case toClient = "to-client"
}

/// What a proxy does to the traffic of a route while the fault is set.
///
/// Whether a message is affected is drawn from the seed, the route, the connection's number on it, the direction and
/// the message's number on the connection: the same traffic is affected at the same places.
package struct TrafficFault: Sendable, Hashable {
    /// One of `FaultKind.ofRoutes`.
    package var kind: FaultKind
    /// nil for both directions.
    package var direction: FlowDirection?
    /// Only connections from this process (Unix-domain sockets); nil for all.
    package var client: Int32?
    /// Only connections that are open when the fault is set.
    package var openOnly = false
    /// The share of messages that it affects, above 0 and at most 1.
    package var share = 1.0
    package var seed: UInt64 = 1
    /// `reorder`: how many later messages overtake one at most.
    package var behindCount = 1
    /// `delay`: how much later; `reorder`: the longest time that a message is held back.
    package var milliseconds = 0
    /// `throttle`: how many bytes per second a connection carries at most.
    package var bytesPerSecond = 1_000_000

    /// How long `reorder` holds a message back when nothing else is given.
    private static let reorderMilliseconds = 100

    package init(
        _ kind: FaultKind, direction: FlowDirection? = nil, share: Double = 1, seed: UInt64 = 1,
        milliseconds: Int? = nil
    ) {
        precondition(FaultKind.ofRoutes.contains(kind), "a proxy applies no fault of this kind to a route")
        precondition(share > 0 && share <= 1, "a share is above 0 and at most 1")
        self.kind = kind
        self.direction = direction
        self.share = share
        self.seed = seed
        self.milliseconds = milliseconds ?? (kind == .reorder ? Self.reorderMilliseconds : 0)
        precondition(0...FaultParameter.delayLimit ~= self.milliseconds, "a delay is at most an hour")
    }

    /// What a fault of a plan does to some traffic.
    init(_ kind: FaultKind, of fault: Fault, direction: FlowDirection? = nil, seed: UInt64) {
        self.init(
            kind, direction: direction, seed: seed,
            milliseconds: fault.whole(.added).map { min($0, FaultParameter.delayLimit) })
        for parameter in kind.declaration.routeParameters {
            if let value = fault.text(parameter.key) { take(parameter.key, value) }
        }
    }

    /// Whether setting this fault replaces `other` on the same route.
    func replaces(_ other: TrafficFault) -> Bool {
        kind == other.kind && direction == other.direction && client == other.client && openOnly == other.openOnly
    }
}

extension TrafficFault {
    /// Reads the words `KIND KEY=VALUE …`.
    init(words: ArraySlice<Substring>) throws(CommandProblem) {
        let kind = try FaultKind(ofRoute: words.first ?? "")
        self.init(kind)
        let known = FaultParameter.ofEveryRoute + kind.declaration.routeParameters
        var seen: Set<FaultKey> = []
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let parameter = known.first(where: { $0.key.rawValue == parts[0] }) else {
                let names = known.map(\.key.rawValue).joined(separator: ", ")
                throw CommandProblem("keys of \(kind.rawValue) are \(names)")
            }
            let name = parameter.key.rawValue
            guard seen.insert(parameter.key).inserted else { throw CommandProblem("\(name) is given twice") }
            guard let value = parameter.normalized(String(parts[1])) else {
                throw CommandProblem("\(name) is \(parameter.expected)")
            }
            take(parameter.key, value)
        }
        if kind == .delay && !seen.contains(.milliseconds) { throw CommandProblem("delay needs ms") }
    }

    /// Sets a value in the form of its parameter.
    mutating func take(_ key: FaultKey, _ value: String) {
        switch key {
        case .direction: direction = FlowDirection(rawValue: value)
        case .client: client = Int32(value)
        case .connections: openOnly = value == "standing"
        case .share: share = Double(value) ?? share
        case .seed: seed = UInt64(value) ?? seed
        case .behind: behindCount = Int(value) ?? behindCount
        case .milliseconds: milliseconds = Int(value) ?? milliseconds
        case .rate: bytesPerSecond = Int(value) ?? bytesPerSecond
        case .worker, .coordinator, .step, .phase, .occurrence, .after, .signal, .code, .factor, .added, .times, .file,
            .bit, .element, .duration:
            preconditionFailure("no command has the key \(key.rawValue)")
        }
    }
}

extension FaultKind {
    init(ofRoute name: Substring) throws(CommandProblem) {
        guard let kind = Self.ofRoutes.first(where: { $0.rawValue == name }) else {
            throw CommandProblem("kinds are " + Self.ofRoutes.map(\.rawValue).joined(separator: ", "))
        }
        self = kind
    }
}

extension TrafficFault: CustomStringConvertible {
    /// The text from which `init(words:)` makes this fault again.
    package var description: String {
        var words = [kind.rawValue]
        func add(_ key: FaultKey, _ value: some CustomStringConvertible) {
            words.append("\(key.rawValue)=\(value)")
        }
        if let direction { add(.direction, direction.rawValue) }
        if let client { add(.client, client) }
        if openOnly { add(.connections, "standing") }
        for parameter in kind.declaration.routeParameters {
            switch parameter.key {
            case .share: if share < 1 { add(.share, share) }
            case .seed: add(.seed, seed)
            case .behind: add(.behind, behindCount)
            case .milliseconds: add(.milliseconds, milliseconds)
            case .rate: add(.rate, bytesPerSecond)
            default: preconditionFailure("no command has the key \(parameter.key.rawValue)")
            }
        }
        return words.joined(separator: " ")
    }
}
