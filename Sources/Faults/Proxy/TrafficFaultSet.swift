internal import Core

/// The faults that are set on one route.
struct TrafficFaultSet {
    private struct Entry {
        var fault: TrafficFault
        /// Connections with lower numbers were open when the fault was set; nil for all.
        var connectionLimit: UInt32?
    }

    private var entries: [Entry] = []

    /// Sets a fault in place of one of the same kind, direction and client.
    mutating func set(_ fault: TrafficFault, acceptedCount: UInt32) {
        entries.removeAll { fault.replaces($0.fault) }
        entries.append(Entry(fault: fault, connectionLimit: fault.openOnly ? acceptedCount : nil))
    }

    mutating func unset(_ fault: TrafficFault) {
        entries.removeAll { $0.fault == fault }
    }

    /// Ends the faults of a kind, or all.
    mutating func clear(_ kind: FaultKind?) {
        entries.removeAll { kind == nil || $0.fault.kind == kind }
    }

    /// The faults that concern one direction of a connection now.
    func active(on connection: ConnectionIdentity, _ direction: FlowDirection) -> [TrafficFault] {
        if entries.isEmpty { return [] }
        return entries.compactMap { entry in
            let fault = entry.fault
            let concerns =
                fault.direction ?? direction == direction && fault.client ?? connection.client == connection.client
                && connection.number < entry.connectionLimit ?? .max
            return concerns ? fault : nil
        }
    }

    func contains(_ kind: FaultKind, on connection: ConnectionIdentity, _ direction: FlowDirection) -> Bool {
        !entries.isEmpty && active(on: connection, direction).contains { $0.kind == kind }
    }

    /// Whether a new connection is not answered now.
    func holdsNewConnection(_ connection: ConnectionIdentity) -> Bool {
        FlowDirection.allCases.contains { contains(.stall, on: connection, $0) }
    }
}

/// Identifies a connection, for faults that concern some connections only and for random draws.
struct ConnectionIdentity: Equatable {
    /// The route's place in the list.
    var route: UInt32
    /// How many connections the route accepted before this one.
    var number: UInt32
    /// The process that connected, where the system reports it.
    var client: Int32?
}

/// Random words for one message in one direction of a connection.
struct FaultDraw {
    let connection: ConnectionIdentity
    let direction: FlowDirection
    let isMessage: Bool
    /// The number among the messages, or among all else, of its direction.
    let ordinal: UInt32

    func words(of fault: TrafficFault) -> SIMD4<UInt32> {
        let generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: fault.seed), key1: UInt32(truncatingIfNeeded: fault.seed >> 32))
        let way = (direction == .toTarget ? 0 : 1) | (isMessage ? 0 : 2) as UInt32
        let place = connection.route << 6 | fault.kind.declaration.drawNumber << 2 | way
        return generator.block(SIMD4(ordinal, connection.number, place, 0x5058_5259))
    }

    /// Whether the fault affects the message.
    func isAffected(by fault: TrafficFault) -> Bool {
        fault.share >= 1 || Double(words(of: fault)[0]) * 0x1p-32 < fault.share
    }

    /// A number below `bound`, which is positive.
    func index(below bound: Int, _ fault: TrafficFault) -> Int {
        let words = words(of: fault)
        let word = UInt64(words[1]) << 32 | UInt64(words[2])
        return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
    }
}
