import Testing

@testable import Transport

@Suite("Endpoints")
struct EndpointTests {
    @Test("Good endpoints are written as they were read")
    func roundTrip() throws {
        for text in [
            "tcp://127.0.0.1:5555", "tcp://node-7.cluster.local:0", "tcp://[::1]:80", "tcp://[fe80::1%eth0]:9",
            "ipc:///run/selvedge/r0", "ipc://relative", "inproc://name", "tcp://0.0.0.0:65535",
        ] {
            #expect(try Endpoint(parsing: text).description == text)
        }
    }

    @Test(
        "Bad endpoints are refused, and the message repeats them",
        arguments: [
            "", "127.0.0.1:5", "udp://127.0.0.1:5", "tcp://", "tcp://host", "tcp://:5", "tcp://*:5", "tcp://host:*",
            "tcp://host:", "tcp://host:65536", "tcp://host:-1", "tcp://host:+5", "tcp://host:5x", "tcp://ho st:5",
            "tcp://a:b:5", "tcp://[12]:5", "tcp://[::1:5", "tcp://host;other:5", "ipc://", "ipc://*", "inproc://",
            "tcp://h\u{f6}st:5", "tcp://host:\u{665}",
        ])
    func refused(text: String) {
        do {
            let endpoint = try Endpoint(parsing: text)
            Issue.record("accepted \(endpoint)")
        } catch {
            #expect(error.description.hasPrefix(text))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test("A socket path may have 107 bytes and not more")
    func pathLength() throws {
        let path = "/" + String(repeating: "a", count: 106)
        #expect(try Endpoint(parsing: "ipc://\(path)") == .ipc(path: path))
        #expect(throws: TransportError.self) { try Endpoint(parsing: "ipc://\(path)a") }
    }

    @Test("Only files and loopback addresses count as this host")
    func loopback() throws {
        for text in ["ipc://x", "tcp://127.0.0.1:1", "tcp://127.9.8.7:1", "tcp://localhost:1", "tcp://[::1]:1"] {
            #expect(try Endpoint(parsing: text).isLoopback)
        }
        for text in [
            "tcp://128.0.0.1:1", "tcp://127.evil.example:1", "tcp://127.0.0.1.example:1", "tcp://0.0.0.0:1",
            "tcp://[::]:1", "tcp://10.0.0.1:1", "tcp://127.0.0.256:1",
        ] {
            #expect(try !Endpoint(parsing: text).isLoopback)
        }
    }
}
