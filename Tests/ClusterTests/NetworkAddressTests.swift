import Testing
import Transport

@testable import Cluster

@Suite("Addresses of sockets")
struct NetworkAddressTests {
    private let interfaces = HostInterfaces([
        .init(interface: "lo", text: "127.0.0.1"), .init(interface: "lo", text: "::1"),
        .init(interface: "eth0", text: "fe80::7%eth0"), .init(interface: "eth0", text: "fd00::7"),
        .init(interface: "eth0", text: "10.0.0.7"), .init(interface: "ib0", text: "fd01::7"),
    ])

    /// A resolver with a table; `host1` is this host, `debian` has the entry that Debian gives a host's own name.
    private func names(_ host: String) throws(ClusterError) -> [String] {
        let table = [
            "host1": ["10.0.0.7", "fd00::7"], "host2": ["10.0.0.8"], "six": ["fd00::7"], "six2": ["fd00::8"],
            "debian": ["127.0.1.1"], "both": ["127.0.1.1", "10.0.0.7"],
        ]
        if let found = table[host] { return found }
        guard host.contains(":") || host.contains(".") else { throw .unknownHost(host) }
        return [host]
    }

    private func listening(_ text: String, hasKeys: Bool = true) throws -> String {
        try NetworkAddresses.listening(
            at: Endpoint(parsing: text), hasKeys: hasKeys, interfaces: interfaces, names: names
        ).description
    }

    @Test("a coordinator listens at its host's name, at an interface and at addresses")
    func listening() throws {
        for (text, expected) in [
            ("tcp://host1:5600", "tcp://10.0.0.7:5600"), ("tcp://six:5600", "tcp://[fd00::7]:5600"),
            ("tcp://both:5600", "tcp://10.0.0.7:5600"), ("tcp://eth0:5600", "tcp://10.0.0.7:5600"),
            ("tcp://ib0:0", "tcp://[fd01::7]:0"),
        ] {
            #expect(try listening(text) == expected)
        }
        for text in [
            "tcp://10.0.0.7:1", "tcp://[fd00::7]:1", "tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://localhost:1", "ipc://a",
        ] {
            #expect(try listening(text) == text)
        }
    }

    @Test("a name that leads elsewhere, or to the loopback interface, is refused with this host's addresses")
    func wrongNames() throws {
        #expect(
            throws: AddressError.notOfThisHost(
                host: "host2", found: ["10.0.0.8"], own: ["10.0.0.7", "fd00::7", "fd01::7"])
        ) {
            try listening("tcp://host2:5600")
        }
        let loopback = #expect(throws: AddressError.self) { try listening("tcp://debian:5600") }
        #expect(loopback?.description.contains("10.0.0.7 or fd00::7") == true)
        #expect(throws: ClusterError.unknownHost("nowhere")) { try listening("tcp://nowhere:5600") }
    }

    @Test("the loss of an inbox's address is noticed, and named with the addresses that are left")
    func lossOfInbox() {
        func loss(_ inbox: String) -> AddressError? { NetworkAddresses.lossOfInbox(inbox, interfaces: interfaces) }
        for kept in [
            "tcp://10.0.0.7:40000", "tcp://[fd00::7]:40000", "tcp://127.0.0.1:40000", "tcp://[fe80::7]:40000",
            "ipc:///tmp/w0",
        ] {
            #expect(loss(kept) == nil, "\(kept)")
        }
        #expect(
            loss("tcp://10.0.0.9:40000")?.description
                == "this host has lost the address 10.0.0.9 at which other workers reach this one "
                + "(it has 10.0.0.7, fd00::7, fd01::7): start the worker again")
    }

    @Test("every address of a host needs keys, also where the user gave up on them")
    func everyAddress() throws {
        for text in ["tcp://0.0.0.0:1", "tcp://[::]:1"] {
            #expect(throws: AddressError.everyAddressNeedsKeys(text)) { try listening(text, hasKeys: false) }
        }
    }

    @Test("a name with IPv6 addresses alone is connected to by its address, any other stays")
    func connecting() throws {
        for (text, expected) in [
            ("tcp://six2:5", "tcp://[fd00::8]:5"), ("tcp://host1:5", "tcp://host1:5"),
            ("tcp://nowhere:5", "tcp://nowhere:5"),
            ("tcp://10.0.0.1:5", "tcp://10.0.0.1:5"), ("ipc://a", "ipc://a"),
        ] {
            #expect(NetworkAddresses.connecting(to: try Endpoint(parsing: text), names: names).description == expected)
        }
    }

    private func inbox(_ interface: String?, coordinator: String) throws -> String {
        try NetworkAddresses.inbox(
            interface: interface, coordinator: coordinator, port: 1, interfaces: interfaces, names: names
        ) { host, _ in "route to \(host)" }
    }

    @Test("an inbox has the address of the route, or of the interface in the coordinator's family")
    func inbox() throws {
        #expect(try inbox(nil, coordinator: "host2") == "route to host2")
        #expect(try inbox("eth0", coordinator: "host2") == "10.0.0.7")
        #expect(try inbox("eth0", coordinator: "six2") == "fd00::7")
        #expect(try inbox("ib0", coordinator: "host2") == "fd01::7")
        #expect(try inbox("10.0.0.7", coordinator: "host2") == "10.0.0.7")
        #expect(try inbox("host1", coordinator: "host2") == "10.0.0.7")
        let unknown = #expect(throws: AddressError.self) { try inbox("eth9", coordinator: "host2") }
        #expect(unknown?.description.contains("eth0 (10.0.0.7)") == true)
    }

    @Test("an inbox that only this host reaches is refused where the coordinator is on another host")
    func loopbackInbox() throws {
        for interface in ["127.0.0.1", "lo", "::1"] {
            #expect(throws: AddressError.self) { try inbox(interface, coordinator: "host2") }
        }
        #expect(try inbox("lo", coordinator: "host1") == "127.0.0.1")
        #expect(try inbox("127.0.0.1", coordinator: "127.0.0.1") == "127.0.0.1")
    }

    @Test("the route to the loopback interface is its address, over IPv4 and IPv6")
    func route() throws {
        #expect(try NetworkAddresses.route(toHost: "127.0.0.1", port: 9) == "127.0.0.1")
        #expect(try SocketAddress.addresses(ofHost: "::1") == ["::1"])
        let own = try HostInterfaces.current
        #expect(own.contains("127.0.1.1") && own.addresses.contains { $0.interface == "lo" })
        if own.contains("::1"), own.addresses.contains(where: { $0.text == "::1" }) {
            #expect(try NetworkAddresses.route(toHost: "::1", port: 9) == "::1")
        }
        #expect(throws: ClusterError.unknownHost("no.such.host.invalid")) {
            try NetworkAddresses.route(toHost: "no.such.host.invalid", port: 9)
        }
    }
}
