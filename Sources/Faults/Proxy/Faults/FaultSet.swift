internal import Core

/// The faults that are set on one route.
struct FaultSet {
    private struct Entry {
        var fault: NetworkFault
        /// Connections with lower numbers stood when the fault was set; nil for all.
        var connectionLimit: UInt32?
    }

    private var entries: [Entry] = []

    /// Sets a fault in place of one of the same kind, direction and client.
    mutating func set(_ fault: NetworkFault, acceptedCount: UInt32) {
        entries.removeAll { fault.replaces($0.fault) }
        entries.append(Entry(fault: fault, connectionLimit: fault.standingOnly ? acceptedCount : nil))
    }

    mutating func unset(_ fault: NetworkFault) {
        entries.removeAll { $0.fault == fault }
    }

    /// Ends the faults of a kind, or all.
    mutating func clear(_ kind: NetworkFaultKind?) {
        entries.removeAll { kind == nil || $0.fault.kind == kind }
    }

    /// What befalls one direction of a connection now.
    func active(on connection: ConnectionIdentity, _ direction: FlowDirection) -> [NetworkFault] {
        if entries.isEmpty { return [] }
        return entries.compactMap { entry in
            let fault = entry.fault
            let concerns =
                fault.direction ?? direction == direction && fault.client ?? connection.client == connection.client
                && connection.number < entry.connectionLimit ?? .max
            return concerns ? fault : nil
        }
    }

    func contains(_ kind: NetworkFaultKind, on connection: ConnectionIdentity, _ direction: FlowDirection) -> Bool {
        !entries.isEmpty && active(on: connection, direction).contains { $0.kind == kind }
    }

    /// Whether a new connection is not answered for now.
    func holdsNewConnection(_ connection: ConnectionIdentity) -> Bool {
        FlowDirection.allCases.contains { contains(.stall, on: connection, $0) }
    }
}

/// Which connection of which route, for faults that concern some only and for random draws.
struct ConnectionIdentity: Equatable {
    /// The route's place in the list.
    var route: UInt32
    /// How many connections the route had accepted before.
    var number: UInt32
    /// The process that connected, where the system tells.
    var client: Int32?
}

/// Random words for one message in one direction of a connection.
struct FaultDraw {
    let connection: ConnectionIdentity
    let direction: FlowDirection
    let isMessage: Bool
    /// The number among the messages, or among all else, of its direction.
    let ordinal: UInt32

    func words(of fault: NetworkFault) -> SIMD4<UInt32> {
        let generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: fault.seed), key1: UInt32(truncatingIfNeeded: fault.seed >> 32))
        let way = (direction == .toTarget ? 0 : 1) | (isMessage ? 0 : 2) as UInt32
        let place = connection.route << 6 | fault.kind.drawNumber << 2 | way
        return generator.block(SIMD4(ordinal, connection.number, place, 0x5058_5259))
    }

    /// Whether the fault strikes.
    func strikes(_ fault: NetworkFault) -> Bool {
        fault.share >= 1 || Double(words(of: fault)[0]) * 0x1p-32 < fault.share
    }

    /// A number below `bound`, which is positive.
    func index(below bound: Int, _ fault: NetworkFault) -> Int {
        let words = words(of: fault)
        let word = UInt64(words[1]) << 32 | UInt64(words[2])
        return Int(word.multipliedFullWidth(by: UInt64(bound)).high)
    }
}
