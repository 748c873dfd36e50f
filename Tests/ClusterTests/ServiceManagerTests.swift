import Glibc
import TestSupport
import Testing

@testable import Cluster

@Suite struct ServiceManagerTests {
    /// A socket as systemd makes it.
    private final class Socket {
        let descriptor: Int32

        /// `name` is a path, or an abstract name after an at sign.
        init(_ name: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(status == 0)
        }

        deinit { close(descriptor) }

        /// The next datagram; nil where none has arrived.
        var next: String? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    @Test func `a notification is one datagram of lines, to a path or an abstract name`() throws {
        let folder = try TemporaryFolder()
        for name in [folder.path + "/notify", "@selvedge-test-\(getpid())"] {
            let socket = try Socket(name)
            let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": name]))
            manager.send([.ready, .status("two\nlines"), .alive, .stopping])
            #expect(socket.next == "READY=1\nSTATUS=two\nWATCHDOG=1\nSTOPPING=1")
            #expect(socket.next == nil)
        }
    }

    @Test func `a manager that is gone or does not read changes nothing`() throws {
        let folder = try TemporaryFolder()
        let name = folder.path + "/notify"
        try #require(ServiceManager(environment: ["NOTIFY_SOCKET": name])).send([.ready])
        let socket = try Socket(name)
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": name]))
        // More than the system keeps.
        for _ in 0..<2000 { manager.send([.status(String(repeating: "x", count: 1000))]) }
        #expect(socket.next != nil)
    }

    @Test func `without a usable socket there is no manager, and without an interval no watchdog`() {
        #expect(ServiceManager(environment: [:]) == nil)
        for name in ["", "relative", "/", "/" + String(repeating: "x", count: 108)] {
            #expect(ServiceManager(environment: ["NOTIFY_SOCKET": name]) == nil)
        }
        func watchdog(_ variables: [String: String]) -> UInt64? {
            ServiceManager(environment: variables.merging(["NOTIFY_SOCKET": "/n"]) { $1 }, processIdentifier: 7)?
                .watchdogMilliseconds
        }
        #expect(watchdog([:]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "0"]) == nil && watchdog(["WATCHDOG_USEC": "x"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "30000000"]) == 30_000)
        #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]) == 30_000)
        #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]) == nil)
    }

    @Test func `the watchdog is fed by progress, or while there is nothing to do`() {
        var feed = WatchdogFeed(watchdogMilliseconds: 1000, now: 0)
        // At 5,000 ms the work is stuck.
        let moments: [(progress: UInt64, isBusy: Bool, now: UInt64)] = [
            (1, true, 499), (1, true, 500), (2, true, 999), (1, true, 5000), (2, true, 5001), (2, false, 5501),
        ]
        let answers = moments.map { feed.isDue(progress: $0.progress, isBusy: $0.isBusy, now: $0.now) }
        #expect(answers == [false, true, false, false, true, true])
    }

    @Test func `a service notifies of its start, of what changes, and of its end; a supervisor's child of nothing`()
        throws
    {
        let folder = try TemporaryFolder()
        let socket = try Socket(folder.path + "/notify")
        let environment = ["NOTIFY_SOCKET": folder.path + "/notify", "WATCHDOG_USEC": "20000000"]
        var notifier = ServiceNotifier(environment: environment, isSupervised: false, now: 0)
        notifier.started()
        #expect(socket.next == "READY=1")
        notifier.update(status: "training", progress: 1, isBusy: true, now: 0)
        #expect(socket.next == "STATUS=training")
        notifier.update(status: "training", progress: 2, isBusy: true, now: 9000)
        #expect(socket.next == nil)
        notifier.update(status: "ending", progress: 3, isBusy: true, now: 20_000)
        #expect(socket.next == "WATCHDOG=1\nSTATUS=ending")
        notifier.ends("done")
        #expect(socket.next == "STOPPING=1\nSTATUS=done")
        var child = ServiceNotifier(environment: environment, isSupervised: true, now: 0)
        child.started()
        child.update(status: "training", progress: 1, isBusy: true, now: 20_000)
        child.ends("done")
        #expect(socket.next == nil)
    }
}
