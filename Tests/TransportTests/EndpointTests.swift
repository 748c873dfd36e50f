import Foundation
import Glibc
import TestSupport
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

    @Test("Only files below a folder of this user alone, and names in one process, need no keys")
    func privacy() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("open"), withIntermediateDirectories: false)
        for text in ["ipc://\(folder.path)/c", "ipc://\(folder.path)/open/c", "inproc://c"] {
            #expect(try Endpoint(parsing: text).isPrivate)
        }
        for text in [
            "ipc:///tmp/c", "ipc:///c", "ipc://@name", "ipc://@\(folder.path)/c", "tcp://127.0.0.1:1", "tcp://[::1]:1",
            "tcp://localhost:1", "tcp://10.0.0.1:1",
        ] {
            #expect(try !Endpoint(parsing: text).isPrivate)
            #expect(throws: TransportError.needsKeys(text)) {
                try Endpoint(parsing: text).checkAccess(hasKeys: false, isInsecure: false)
            }
            try Endpoint(parsing: text).checkAccess(hasKeys: true, isInsecure: false)
            try Endpoint(parsing: text).checkAccess(hasKeys: false, isInsecure: true)
        }
        #expect(throws: TransportError.self) { try Endpoint(parsing: "ipc://\(folder.path)/absent/c").isPrivate }
        #expect(chmod(folder.path, 0o710) == 0)
        #expect(try !Endpoint(parsing: "ipc://\(folder.path)/c").isPrivate)
    }
}
