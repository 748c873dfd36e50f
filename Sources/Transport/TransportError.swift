internal import CZeroMQ

/// What went wrong between this process and the network.
package enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The installed libzmq has known holes or lacks what is needed.
    case libraryTooOld(version: String)
    /// An endpoint is not one that can be used.
    case invalidEndpoint(String, reason: String)
    /// A call into libzmq or the system failed.
    case failed(operation: String, endpoint: String, reason: String)

    package var description: String {
        switch self {
        case .libraryTooOld(let version):
            "libzmq \(version) is too old: install 4.3.3 or later"
        case .invalidEndpoint(let text, let reason):
            "\(text) is not an endpoint: \(reason)"
        case .failed(let operation, let endpoint, let reason):
            "cannot \(operation) \(endpoint): \(reason)"
        }
    }

    /// The error of the libzmq call that just failed on this thread.
    static func current(_ operation: String, _ endpoint: String) -> TransportError {
        .failed(operation: operation, endpoint: endpoint, reason: String(cString: zmq_strerror(zmq_errno())))
    }
}
