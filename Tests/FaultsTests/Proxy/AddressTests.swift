import TestSupport
import Testing

@testable import Faults

@Suite("Addresses of a proxy")
struct AddressTests {
    @Test(
        "Addresses read back as they were written",
        arguments: ["ipc:///tmp/a b", "ipc://relative", "tcp://127.0.0.1:0"])
    func roundTrip(text: String) throws {
        #expect(try ProxyAddress(parsing: text).description == text)
    }

    @Test(
        "A text that is no address is refused by name",
        arguments: [
            "", "ipc://", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:65536",
            "tcp://localhost:80",
            "tcp://127.0.0:1", "tcp://127.0.0.256:1", "tcp://127.0.0.1:+1", "udp://127.0.0.1:1", "tcp://127.0.0.٣:1",
            "ipc://" + String(repeating: "x", count: 108),
        ])
    func refused(text: String) {
        #expect(throws: FaultProxyError.self) { try ProxyAddress(parsing: text) }
    }

    @Test("Nothing listens where other hosts reach it, and names are letters, digits and hyphens, each once")
    func routes() throws {
        let folder = try TemporaryFolder()
        let target = folder.address("target")
        func listen(_ names: [String], _ address: ProxyAddress) throws {
            _ = try FaultProxy(routes: names.map { ProxyRoute(name: $0, listen: address, target: target) })
        }
        #expect(throws: FaultProxyError.self) { try listen(["r"], .tcp(host: "0.0.0.0", port: 0)) }
        for names in [[""], ["a b"], ["a,b"], ["*"], ["é"], ["a", "a"]] {
            #expect(throws: FaultProxyError.invalidRouteName(names.count > 1 ? "a" : names[0])) {
                try listen(names, .tcp(host: "127.0.0.1", port: 0))
            }
        }
    }

    @Test("A socket file that a killed proxy left is replaced; one that is in use is not")
    func abandonedFile() throws {
        let folder = try TemporaryFolder()
        var left: PlainListener? = try PlainListener(folder.address("a"))
        let route = ProxyRoute(name: "r", listen: folder.address("a"), target: folder.address("b"))
        #expect(throws: FaultProxyError.self) { try FaultProxy(routes: [route]) }
        _ = left
        left = nil
        _ = try FaultProxy(routes: [route])
    }
}
