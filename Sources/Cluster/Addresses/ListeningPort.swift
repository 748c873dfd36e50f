import Glibc

/// A TCP port of this host that accepts connections and serves nothing: other hosts try whether they reach it.
package struct ListeningPort: ~Copyable {
    package let number: UInt16
    private let descriptor: Int32

    /// Listens at a port of one address; 0 takes a free port.
    ///
    /// - Throws: an address that is not this host's, or a port that is taken.
    init(address: String, port: UInt16) throws(ClusterError) {
        (descriptor, number) = try Self.listen(at: [address], port, "port \(port) of \(address)")
    }

    /// Listens at a port of all addresses, of both families where the host has IPv6; 0 takes a free port.
    ///
    /// - Throws: a port that is taken.
    package init(ofAllAddresses port: UInt16) throws(ClusterError) {
        (descriptor, number) = try Self.listen(at: ["::", "0.0.0.0"], port, "port \(port) of this host")
    }

    /// Listens at the first of the addresses that can be used.
    private static func listen(
        at addresses: [String], _ port: UInt16, _ place: String
    ) throws(ClusterError) -> (descriptor: Int32, number: UInt16) {
        var code: Int32 = 0
        for address in addresses {
            let found = try SocketAddress.first(ofHost: address, port: port) { entry in
                let listening = listen(at: entry)
                if listening == nil { code = errno }
                return listening
            }
            if let found { return found }
        }
        throw .system("listen on \(place)", code)
    }

    /// Nil, with the error in errno, where that fails.
    private static func listen(at entry: UnsafePointer<addrinfo>) -> (descriptor: Int32, number: UInt16)? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(entry.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { return nil }
        // The coordinator listens here next, and connections of now may not be over. The IPv6 address :: serves IPv4 too.
        var (on, off): (Int32, Int32) = (1, 0)
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if entry.pointee.ai_family == AF_INET6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
        }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isListening = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0
                    && Glibc.listen(descriptor, SOMAXCONN) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isListening else {
            let code = errno
            close(descriptor)
            errno = code
            return nil
        }
        // The port has one place in the addresses of both families.
        return (descriptor, withUnsafeBytes(of: &bound) { UInt16($0[2]) << 8 | UInt16($0[3]) })
    }

    deinit { close(descriptor) }
}
