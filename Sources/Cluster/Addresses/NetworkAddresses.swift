import Core
import Glibc
import Transport

/// Chooses the addresses of sockets: where a coordinator listens, where a worker connects to, and where a worker's
/// inbox is.
///
/// `names` resolves a host name, `interfaces` are those of this host; both are arguments, so that every rule can be
/// tested.
enum NetworkAddresses {
    typealias Resolver = (_ host: String) throws(ClusterError) -> [String]

    // MARK: Listening

    /// The address for `bind`, which takes no names: of a name or an interface one of this host's addresses.
    static func listening(
        at endpoint: Endpoint, hasKeys: Bool, interfaces: HostInterfaces, names: Resolver
    ) throws -> Endpoint {
        guard case .tcp(let host, let port) = endpoint else { return endpoint }
        guard hasKeys || !NumericAddress.isUnspecified(host) else {
            throw AddressError.everyAddressNeedsKeys(endpoint.description)
        }
        guard !NumericAddress.isNumeric(host), host != "localhost" else { return endpoint }
        if let address = interfaces.address(ofInterface: host, isIPv6: false) { return .tcp(host: address, port: port) }
        let found = try names(host)
        let own = found.filter(interfaces.contains)
        if let address = own.first(where: { !NumericAddress.isLoopback($0) }) { return .tcp(host: address, port: port) }
        if let address = own.first {
            throw AddressError.nameOfLoopback(host: host, address: address, own: interfaces.reachable)
        }
        throw AddressError.notOfThisHost(host: host, found: found, own: interfaces.reachable)
    }

    /// The same with this host's interfaces and names.
    static func listening(at endpoint: Endpoint, hasKeys: Bool) throws -> Endpoint {
        try listening(
            at: endpoint, hasKeys: hasKeys, interfaces: .current, names: SocketAddress.addresses(ofHost:))
    }

    // MARK: Connecting

    /// The address for `connect`. A name stays a name where it has an IPv4 address, so that it is resolved again for
    /// each connection; of one with IPv6 addresses alone the first is taken.
    static func connecting(to endpoint: Endpoint, names: Resolver = SocketAddress.addresses(ofHost:)) -> Endpoint {
        guard case .tcp(let host, let port) = endpoint, !NumericAddress.isNumeric(host),
            let first = try? names(host).first, first.contains(":")
        else { return endpoint }
        return .tcp(host: first, port: port)
    }

    // MARK: A worker's inbox

    /// The address at which other workers reach this one: that of `interface`, which is an interface, an address or a
    /// name, or else that of the route to the coordinator.
    static func inbox(
        interface: String?, coordinator: String, port: UInt16, interfaces: HostInterfaces, names: Resolver,
        route: (_ host: String, _ port: UInt16) throws(ClusterError) -> String
    ) throws -> String {
        guard let interface else { return try route(coordinator, port) }
        let address: String
        if NumericAddress.isNumeric(interface) {
            address = interface
        } else {
            let isIPv6 = try names(coordinator).first?.contains(":") ?? false
            if let own = interfaces.address(ofInterface: interface, isIPv6: isIPv6) {
                address = own
            } else if let own = try? names(interface).first(where: interfaces.contains) {
                address = own
            } else {
                throw AddressError.unknownInterface(interface, known: interfaces.addresses)
            }
        }
        // Other hosts cannot reach it, and the coordinator is on one.
        if NumericAddress.isLoopback(address), try !names(coordinator).contains(where: interfaces.contains) {
            throw AddressError.loopbackInbox(interface, coordinator: coordinator, own: interfaces.reachable)
        }
        return address
    }

    static func inbox(interface: String?, coordinator: String, port: UInt16) throws -> String {
        try inbox(
            interface: interface, coordinator: coordinator, port: port, interfaces: .current,
            names: SocketAddress.addresses(ofHost:), route: route(toHost:port:))
    }

    /// Why peers cannot reach an inbox any more: its address is not one of this host. Nil while it is one, and where that
    /// cannot be decided.
    static func lossOfInbox(_ inbox: String, interfaces: HostInterfaces) -> AddressError? {
        guard case .tcp(let host, _)? = try? Endpoint(parsing: inbox), !interfaces.addresses.isEmpty,
            !HostInterfaces.Address(interface: "", text: host).isLinkLocal, !interfaces.contains(host)
        else { return nil }
        return .lostInbox(host, own: interfaces.reachable)
    }

    static func lossOfInbox(_ inbox: String) -> AddressError? {
        (try? HostInterfaces.current).flatMap { lossOfInbox(inbox, interfaces: $0) }
    }

    /// The address of this host's interface that leads to a host. Sends nothing.
    static func route(toHost host: String, port: UInt16) throws(ClusterError) -> String {
        var failure: Int32 = 0
        var addresses: [String] = []
        _ = try SocketAddress.first(ofHost: host, port: port) { entry -> Never? in
            switch source(of: entry) {
            case .success(let address): addresses.append(address)
            case .failure(let error): failure = error.code
            }
            return nil
        }
        if let address = addresses.first(where: { !$0.contains(":") }) ?? addresses.first { return address }
        throw .system("find a route to \(host)", failure)
    }

    /// An address of this host that others reach, if it has one: that of the default route, or else the first.
    static var outward: String? {
        // The address is set aside for documents: no host has it, and the default route leads to it.
        let route = try? route(toHost: "192.0.2.1", port: 9)
        if let route, !NumericAddress.isLoopback(route) { return route }
        return try? HostInterfaces.current.reachable.first
    }

    private struct SystemError: Error {
        var code: Int32
    }

    /// The source address of datagrams to an address.
    private static func source(of target: UnsafePointer<addrinfo>) -> Result<String, SystemError> {
        let descriptor = socket(target.pointee.ai_family, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
        defer { close(descriptor) }
        guard connect(descriptor, target.pointee.ai_addr, target.pointee.ai_addrlen) == 0 else {
            return .failure(SystemError(code: errno))
        }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let text = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? SocketAddress.text(address) : nil
            }
        }
        return text.map { .success($0) } ?? .failure(SystemError(code: errno))
    }
}

/// Why an address cannot be used. Each description is one line with what to do.
package enum AddressError: Error, Sendable, Equatable, CustomStringConvertible {
    /// All addresses of a host without keys.
    case everyAddressNeedsKeys(String)
    case nameOfLoopback(host: String, address: String, own: [String])
    case notOfThisHost(host: String, found: [String], own: [String])
    case unknownInterface(String, known: [String])
    case loopbackInbox(String, coordinator: String, own: [String])
    case lostInbox(String, own: [String])

    package var description: String {
        switch self {
        case .everyAddressNeedsKeys(let endpoint):
            "\(endpoint) is every address of this host, which needs keys: name one address, or make keys with 'selvedge keys new' "
                + "and give --key-file"
        case .nameOfLoopback(let host, let address, let own):
            "\(host) is \(address) on this host itself (see /etc/hosts), which other hosts cannot reach: "
                + "listen on \(Self.choice(own)), or on 0.0.0.0 for all"
        case .notOfThisHost(let host, let found, let own):
            "\(host) is \(found.joined(separator: ", ")), which is not this host: listen on \(Self.choice(own))"
        case .unknownInterface(let name, let known):
            "--interface \(escaped(name, limit: 40)): this host has no such interface or address; it has "
                + known.joined(separator: ", ")
        case .loopbackInbox(let interface, let coordinator, let own):
            "--interface \(interface): other hosts cannot reach it, and the coordinator \(coordinator) is on one: "
                + "give --interface \(Self.choice(own)), or leave it out"
        case .lostInbox(let address, let own):
            "this host has lost the address \(address) at which other workers reach this one"
                + (own.isEmpty ? "" : " (it has \(own.joined(separator: ", ")))") + ": start the worker again"
        }
    }

    private static func choice(_ addresses: [String]) -> String {
        addresses.isEmpty ? "another address" : addresses.joined(separator: " or ")
    }
}

extension AddressError {
    static func unknownInterface(_ name: String, known: [HostInterfaces.Address]) -> AddressError {
        .unknownInterface(name, known: known.map { "\($0.interface) (\($0.text))" })
    }
}
