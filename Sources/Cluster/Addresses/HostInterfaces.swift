import Core
import Glibc

/// The network interfaces of this host that are up, with their addresses.
struct HostInterfaces: Sendable, Equatable {
    struct Address: Sendable, Equatable {
        /// The interface, such as eth0.
        var interface: String
        /// Numeric; that of a link alone ends with a percent sign and the interface.
        var text: String

        var isIPv6: Bool { text.contains(":") }
        var isLoopback: Bool { NumericAddress.isLoopback(text) }
        /// Whether it is valid on its link only.
        var isLinkLocal: Bool { text.contains("%") || text.hasPrefix("fe80:") || text.hasPrefix("169.254.") }
    }

    /// In the system's order.
    let addresses: [Address]

    /// For tests; `current` asks the system.
    init(_ addresses: [Address]) {
        self.addresses = addresses
    }

    static var current: HostInterfaces {
        get throws(ClusterError) {
            var first: UnsafeMutablePointer<ifaddrs>?
            guard getifaddrs(&first) == 0 else { throw .system("list the network interfaces", errno) }
            defer { freeifaddrs(first) }
            var addresses: [Address] = []
            var next = first
            while let entry = next?.pointee {
                next = entry.ifa_next
                guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr,
                    let text = SocketAddress.text(address)
                else { continue }
                addresses.append(Address(interface: String(cString: entry.ifa_name), text: text))
            }
            return HostInterfaces(addresses)
        }
    }

    /// Whether a numeric address is one of this host.
    func contains(_ address: String) -> Bool {
        // The whole network 127.0.0.0/8 leads to the host itself.
        NumericAddress.isLoopback(address) || addresses.contains { $0.text == address }
    }

    /// The addresses at which other hosts may reach this one, IPv4 first.
    var reachable: [String] {
        let outward = addresses.filter { !$0.isLoopback && !$0.isLinkLocal }
        return (outward.filter { !$0.isIPv6 } + outward.filter(\.isIPv6)).map(\.text)
    }

    /// An address of an interface: of the given family if it has one, else its first. Nil where there is no such
    /// interface.
    func address(ofInterface name: String, isIPv6: Bool) -> String? {
        let own = addresses.filter { $0.interface == name }
        let lasting = own.filter { !$0.isLinkLocal }
        return (lasting.first { $0.isIPv6 == isIPv6 } ?? lasting.first ?? own.first)?.text
    }
}

/// Addresses of the system's calls as texts.
enum SocketAddress {
    /// The numeric text of an IPv4 or IPv6 address; nil for any other family.
    static func text(_ address: UnsafePointer<sockaddr>) -> String? {
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(
            address, socklen_t(length), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
        guard status == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Calls `body` with each address of a host, in the resolver's order, until it returns a value. An address counts
    /// once.
    ///
    /// - Throws: `unknownHost` where the name has none.
    static func first<Value>(
        ofHost host: String, port: UInt16, where body: (UnsafePointer<addrinfo>) -> Value?
    ) throws(ClusterError) -> Value? {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0 else { throw .unknownHost(host) }
        defer { freeaddrinfo(found) }
        var next = found
        while let entry = next {
            if let value = body(entry) { return value }
            next = entry.pointee.ai_next
        }
        return nil
    }

    /// The numeric addresses of a host, IPv4 first: libzmq connects to names over IPv4 unless it is told otherwise.
    static func addresses(ofHost host: String) throws(ClusterError) -> [String] {
        var found: [String] = []
        _ = try first(ofHost: host, port: 0) { entry -> Never? in
            if let address = entry.pointee.ai_addr, let text = text(address), !found.contains(text) {
                found.append(text)
            }
            return nil
        }
        return found.filter { !$0.contains(":") } + found.filter { $0.contains(":") }
    }
}
