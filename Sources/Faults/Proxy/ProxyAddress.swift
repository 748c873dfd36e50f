/// Where a route listens, or what it forwards to.
package enum ProxyAddress: Sendable, Hashable, CustomStringConvertible {
    /// A Unix-domain stream socket; the path has up to 107 bytes.
    case ipc(path: String)
    /// A numeric IPv4 address; port 0 asks for a free one when listening.
    case tcp(host: String, port: UInt16)

    /// The kernel's limit for the path of a Unix-domain socket (`sun_path` without its final zero).
    package static let maximumPathByteCount = 107

    /// Reads `ipc://PATH` or `tcp://ADDRESS:PORT`.
    package init(parsing text: String) throws(FaultProxyError) {
        if text.hasPrefix("ipc://") {
            let path = String(text.dropFirst("ipc://".count))
            guard 1...Self.maximumPathByteCount ~= path.utf8.count, !path.utf8.contains(0) else {
                throw .invalidAddress(text, reason: "the path of the socket file has 1 to 107 bytes")
            }
            self = .ipc(path: path)
        } else if text.hasPrefix("tcp://") {
            let address = text.dropFirst("tcp://".count)
            guard let colon = address.lastIndex(of: ":") else {
                throw .invalidAddress(text, reason: "the port is missing: write tcp://ADDRESS:PORT")
            }
            let (host, port) = (address[..<colon], address[address.index(after: colon)...])
            guard Self.isNumericIPv4(host) else {
                throw .invalidAddress(text, reason: "an address is four numbers from 0 to 255, such as 127.0.0.1")
            }
            guard port.allSatisfy({ "0"..."9" ~= $0 }), let number = UInt16(port) else {
                throw .invalidAddress(text, reason: "the port is a number from 0 to 65535")
            }
            self = .tcp(host: String(host), port: number)
        } else {
            throw .invalidAddress(text, reason: "write ipc://PATH or tcp://ADDRESS:PORT")
        }
    }

    private static func isNumericIPv4(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { $0.allSatisfy { "0"..."9" ~= $0 } && UInt8($0) != nil }
    }

    package var description: String {
        switch self {
        case .ipc(let path): "ipc://\(path)"
        case .tcp(let host, let port): "tcp://\(host):\(port)"
        }
    }

    /// Whether only processes of this host can reach it.
    var isLoopback: Bool {
        switch self {
        case .ipc: true
        case .tcp(let host, _): host.hasPrefix("127.")
        }
    }
}

/// One forwarded address: a connection to `listen` is forwarded to `target`.
package struct ProxyRoute: Sendable, Hashable {
    /// The name in commands: letters, digits and hyphens.
    package var name: String
    /// On the loopback interface, or a file.
    package var listen: ProxyAddress
    package var target: ProxyAddress

    package init(name: String, listen: ProxyAddress, target: ProxyAddress) {
        self.name = name
        self.listen = listen
        self.target = target
    }
}
