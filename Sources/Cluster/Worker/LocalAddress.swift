import Glibc

/// Which of this host's addresses leads to another host.
enum LocalAddress {
    /// The numeric address of the interface that packets to a host leave by. Nothing is sent.
    static func towards(host: String, port: UInt16) throws(ClusterError) -> String {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let target = found else {
            throw .unknownHost(host)
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { throw .system("look for a route to \(host)", errno) }
        defer { close(descriptor) }
        guard connect(descriptor, target.pointee.ai_addr, target.pointee.ai_addrlen) == 0 else {
            throw .system("find a route to \(host)", errno)
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { throw .system("read the route to \(host)", errno) }
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
