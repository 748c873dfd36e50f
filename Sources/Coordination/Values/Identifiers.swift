/// The routing id by which the coordinator's socket knows a worker's connection.
package struct ConnectionIdentifier: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}
