import Coordination
import Core
import Transport

/// The TCP connections of workers to the coordinator, and what the coordinator sent over them in about a second.
struct WorkerLinks {
    private struct Measured {
        var connection: TCPConnection
        var last: TCPUse
    }

    private static let intervalMilliseconds: UInt64 = 1000
    /// Connections beyond these are not measured.
    private static let limit = 2 * WireLimits.workerCount

    /// Nil for a connection that is none of TCP, or closed: until the next measurement it is not tried again.
    private var connections: [ConnectionIdentifier: Measured?] = [:]
    private var measuredMilliseconds: UInt64

    init(now: UInt64) {
        measuredMilliseconds = now
    }

    /// A message arrived on a connection with this descriptor.
    mutating func note(_ identifier: ConnectionIdentifier, descriptor: Int32?) {
        guard connections[identifier] == nil, connections.count < Self.limit else { return }
        let connection = descriptor.flatMap { TCPConnection(descriptor: $0) }
        let measured = connection.flatMap { connection in
            connection.use.map { Measured(connection: connection, last: $0) }
        }
        connections[identifier] = .some(measured)
    }

    /// What each open connection carried since the last call that had something; nothing before a second is over.
    mutating func takeUses(now: UInt64) -> [(connection: ConnectionIdentifier, use: LinkUse)] {
        let milliseconds = now - min(now, measuredMilliseconds)
        guard milliseconds >= Self.intervalMilliseconds else { return [] }
        measuredMilliseconds = now
        var uses: [(connection: ConnectionIdentifier, use: LinkUse)] = []
        for (identifier, measured) in connections {
            guard let measured, let use = measured.connection.use else {
                connections.removeValue(forKey: identifier)
                continue
            }
            connections[identifier] = Measured(connection: measured.connection, last: use)
            uses.append((identifier, LinkUse(use.since(measured.last), milliseconds: milliseconds)))
        }
        return uses
    }
}
