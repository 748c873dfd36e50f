import Core
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Transport

@Suite("Sockets with keys")
struct CurveTests {
    /// A ROUTER that admits some keys.
    private struct Listener {
        let pair: KeyPair
        let admitted: AdmissionList
        let socket: ZeroMQSocket
        let endpoint: Endpoint

        init(admitting keys: Set<PublicKey> = [], context: ZeroMQContext? = nil) throws {
            pair = try KeyPair()
            admitted = AdmissionList(keys)
            var options = SocketOptions()
            options.security = .listening(pair, admitted)
            socket = try ZeroMQSocket(context ?? TransportTests.context(), .router, options: options)
            endpoint = try socket.bind(.tcp(host: "127.0.0.1", port: 0))
        }
    }

    /// A DEALER and its monitor.
    private struct Caller {
        let socket: ZeroMQSocket
        let monitor: ConnectionMonitor

        init(_ security: SocketSecurity, to endpoint: Endpoint) throws {
            var options = SocketOptions()
            options.security = security
            socket = try ZeroMQSocket(context(), .dealer, options: options)
            monitor = try ConnectionMonitor(of: socket)
            try socket.connect(endpoint)
        }

        /// The first event that is not about a refused connection.
        func next() throws -> ConnectionEvent? {
            let poller = Poller(capacity: 1)
            poller.add(monitor)
            while try poller.wait(until: patience()) {
                if let event = try monitor.next(), event != .connectionRefused { return event }
            }
            return nil
        }
    }

    private func wait(_ socket: ZeroMQSocket) throws -> Bool {
        let poller = Poller(capacity: 1)
        poller.add(socket)
        return try poller.wait(until: patience())
    }

    @Test("An admitted key exchanges messages, and each names the key of its sender")
    func admitted() throws {
        let (first, second) = (try KeyPair(), try KeyPair())
        let listener = try Listener(admitting: [first.publicKey, second.publicKey])
        for (number, pair) in [first, second].enumerated() {
            let caller = try Caller(.connecting(pair, to: listener.pair.publicKey), to: listener.endpoint)
            #expect(try caller.next() == .established)
            for round in 0..<3 { #expect(try caller.socket.send(frames: [[UInt8(number), UInt8(round)]])) }
            for round in 0..<3 {
                try #require(try wait(listener.socket))
                let message = try #require(try listener.socket.receiveMessage())
                #expect(message.frames.last == [UInt8(number), UInt8(round)])
                #expect(message.sender == pair.publicKey)
            }
        }
    }

    @Test("A key that is not admitted is an error at once, and is admitted once the list has it")
    func notAdmitted() throws {
        let pair = try KeyPair()
        let listener = try Listener(admitting: [try KeyPair().publicKey])
        let security = SocketSecurity.connecting(pair, to: listener.pair.publicKey)
        #expect(try Caller(security, to: listener.endpoint).next() == .handshakeFailed(.notAdmitted))
        #expect(listener.admitted.refusals.count == 1)
        #expect(listener.admitted.refusals.latest?.key == pair.publicKey)
        listener.admitted.replace(with: [pair.publicKey])
        #expect(try Caller(security, to: listener.endpoint).next() == .established)
        listener.admitted.replace(with: [])
        #expect(try Caller(security, to: listener.endpoint).next() == .handshakeFailed(.notAdmitted))
    }

    @Test("A listener with another key than expected closes the connection")
    func otherListener() throws {
        let pair = try KeyPair()
        let listener = try Listener(admitting: [pair.publicKey])
        let caller = try Caller(.connecting(pair, to: try KeyPair().publicKey), to: listener.endpoint)
        let event = try caller.next()
        #expect(
            event == .handshakeFailed(.closed) || event == .handshakeFailed(.protocolError),
            "\(String(describing: event))")
    }

    @Test("A listener that accepts a connection and is silent has not refused it")
    func silentListener() throws {
        let silent = try SilentListener()
        let caller = try Caller(
            .connecting(try KeyPair(), to: try KeyPair().publicKey), to: .tcp(host: "127.0.0.1", port: silent.port))
        #expect(try caller.next() == .handshakeFailed(.unanswered))
    }

    @Test("One side with keys and one without do not understand each other, and both notice at once")
    func otherMechanism() throws {
        let pair = try KeyPair()
        let listener = try Listener(admitting: [pair.publicKey])
        #expect(try Caller(.none, to: listener.endpoint).next() == .handshakeFailed(.otherMechanism))
        let open = try ZeroMQSocket(context(), .router, options: SocketOptions())
        let endpoint = try open.bind(.tcp(host: "127.0.0.1", port: 0))
        let caller = try Caller(.connecting(pair, to: listener.pair.publicKey), to: endpoint)
        #expect(try caller.next() == .handshakeFailed(.otherMechanism))
    }

    @Test("A list that is gone admits nobody")
    func listGone() throws {
        let (own, pair) = (try KeyPair(), try KeyPair())
        let socket: ZeroMQSocket
        do {
            var options = SocketOptions()
            options.security = .listening(own, AdmissionList([pair.publicKey]))
            socket = try ZeroMQSocket(context(), .router, options: options)
        }
        let endpoint = try socket.bind(.tcp(host: "127.0.0.1", port: 0))
        let caller = try Caller(.connecting(pair, to: own.publicKey), to: endpoint)
        #expect(try caller.next() == .handshakeFailed(.notAdmitted))
    }

    /// What a watch has set, for the thread that it is called on.
    private final class Gate: Sendable {
        private let state = Atomic(true)

        var isOpen: Bool {
            get { state.load(ordering: .relaxed) }
            set { state.store(newValue, ordering: .relaxed) }
        }
    }

    @Test("While the thread that admits connections hangs, a line says so and they are closed; then both end")
    func hungHandler() throws {
        let pair = try KeyPair()
        let listener = try Listener(context: ZeroMQContext())
        let gate = Gate()
        var watch = AdmissionWatch(of: listener.socket, patienceMilliseconds: 400) {
            gate.isOpen = $0
        }
        func nextLine() throws -> String {
            let deadline = patience()
            while true {
                if let line = watch.takeChange(now: MonotonicTime.now.milliseconds) { return line }
                try #require(!deadline.hasPassed)
                usleep(10_000)
            }
        }
        let (hasBegun, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let admitted = listener.admitted
        Thread {
            admitted.update { keys in
                hasBegun.signal()
                mayEnd.wait()
                keys = [pair.publicKey]
            }
        }.start()
        hasBegun.wait()
        #expect(watch.takeChange(now: MonotonicTime.now.milliseconds) == nil, "no connection waits")
        let caller = try Caller(.connecting(pair, to: listener.pair.publicKey), to: listener.endpoint)
        #expect(try nextLine().hasPrefix("the thread that admits connections has not answered for"))
        #expect(!gate.isOpen)
        mayEnd.signal()
        #expect(try nextLine() == "the thread that admits connections answers again: new connections are accepted")
        #expect(gate.isOpen)
        #expect(try caller.next() == .established)
    }

    @Test("A context with keys ends")
    func contextEnds() throws {
        let own = try KeyPair()
        do {
            let context = try ZeroMQContext()
            _ = try Listener(context: context)
            _ = try Listener(context: context)
        }
        #expect(KeyPair(secretText: own.secretText) == own)
    }

    @Test("A request of ZAP that is not about CURVE is refused")
    func request() {
        let key = [UInt8](repeating: 7, count: 32)
        let frames = ["1.0", "1", "domain", "1.2.3.4", "", "CURVE"].map { Array($0.utf8) } + [key]
        #expect(ZAPRequest(frames)?.key == PublicKey(bytes: key))
        #expect(ZAPRequest(frames)?.domain == "domain")
        #expect(ZAPRequest(Array(frames.dropLast())) == nil && ZAPRequest([]) == nil)
        for (index, frame) in [(0, "2.0"), (5, "NULL"), (5, "PLAIN"), (6, "short")] {
            var other = frames
            other[index] = Array(frame.utf8)
            #expect(ZAPRequest(other) == nil)
            #expect(ZAPRequest.refusal(of: other, "no")[2] == Array("400".utf8))
        }
    }
}

/// Accepts connections and sends nothing.
private final class SilentListener {
    let port: UInt16
    private let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | listen(descriptor, 8) | getsockname(descriptor, $0, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(status == 0)
    }

    deinit { close(descriptor) }
}

@Suite("Who sent a frame")
struct SenderCheckTests {
    private static func keys() throws -> [PublicKey] { try (0..<3).map { _ in try KeyPair().publicKey } }

    @Test("A frame counts only when its key is the one of the rank that it names")
    func verdicts() throws {
        let keys = try Self.keys()
        var check = SenderCheck()
        check.enter(generation: 7, keys: Array(keys[..<2]))
        func verdict(_ generation: UInt64, _ sender: Int, _ key: PublicKey?) -> SenderCheck.Verdict {
            check.verdict(on: FrameOrigin(generation: generation, sender: sender), sentWith: key)
        }
        #expect(verdict(7, 0, keys[0]) == .genuine && verdict(7, 1, keys[1]) == .genuine)
        #expect(verdict(7, 0, keys[1]) == .refused && verdict(7, 1, keys[0]) == .refused)
        #expect(verdict(7, 0, keys[2]) == .refused && verdict(7, 2, keys[2]) == .refused)
        #expect(verdict(7, -1, keys[0]) == .refused && verdict(7, 0, nil) == .refused)
        #expect(verdict(6, 0, keys[0]) == .refused && verdict(0, 0, keys[0]) == .refused)
        #expect(verdict(8, 0, keys[1]) == .early && verdict(7 + SenderCheck.generationLead, 5, keys[2]) == .early)
        #expect(
            verdict(8 + SenderCheck.generationLead, 0, keys[0]) == .refused && verdict(.max, 0, keys[0]) == .refused)
        #expect(check.verdict(on: nil, sentWith: keys[0]) == .refused)
    }

    private static func frame(_ byteCount: Int, _ number: UInt64) -> ReceivedFrame {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, byteCount), alignment: 1)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 1)
        let payload = UnsafeRawBufferPointer(rebasing: bytes[..<byteCount])
        return ReceivedFrame(header: SIMD8(repeating: number), payload: ReceivedPayload(copying: payload))
    }

    @Test("Early frames are judged when their view names the keys, and keep their order")
    func early() throws {
        let keys = try Self.keys()
        let early = EarlyFrames()
        var check = SenderCheck()
        check.enter(generation: 1, keys: keys)
        func keep(_ number: UInt64, generation: UInt64, sender: Int, key: Int) -> Bool {
            early.keep(
                Self.frame(10, number), from: FrameOrigin(generation: generation, sender: sender), key: keys[key])
        }
        #expect(keep(1, generation: 2, sender: 0, key: 0) && keep(2, generation: 2, sender: 0, key: 1))
        #expect(keep(3, generation: 3, sender: 1, key: 1) && keep(4, generation: 2, sender: 1, key: 1))
        check.enter(generation: 2, keys: keys)
        #expect(early.judge(by: check) == 1)
        func next() -> UInt64? {
            if let frame = early.takeGenuine() { return frame.header[0] }
            return nil
        }
        #expect(next() == 1)
        #expect(next() == 4)
        #expect(!early.hasGenuine && early.count == 1)
        check.enter(generation: 4, keys: keys)
        #expect(early.judge(by: check) == 1 && early.count == 0)
    }

    @Test("Early frames have bounds for each sender and in all")
    func bounds() throws {
        let keys = try (0..<8).map { _ in try KeyPair().publicKey }
        let early = EarlyFrames()
        let origin = FrameOrigin(generation: 2, sender: 0)
        let byteCount = EarlyFrames.byteLimitOfSender / 2
        for key in keys {
            let kept = (0..<3).count { _ in early.keep(Self.frame(byteCount, 1), from: origin, key: key) }
            #expect(kept <= 2)
        }
        #expect(early.count * byteCount == EarlyFrames.byteLimit)
        let other = EarlyFrames()
        let count = (0..<1000).count { _ in other.keep(Self.frame(0, 1), from: origin, key: keys[0]) }
        #expect(count == EarlyFrames.capacity)
    }

    @Test("An inbox takes frames of its view's members only, and of each only those in its own name")
    func inbox() throws {
        let (own, member, stranger) = (try KeyPair(), try KeyPair(), try KeyPair())
        let options = SocketOptions.data(highWaterMark: 16, maximumPayloadByteCount: 1024)
        // In this test the first two words of a header are generation and sender.
        let inbox = try Inbox(context(), at: .tcp(host: "127.0.0.1", port: 0), options: options, keys: own) { header in
            FrameOrigin(generation: header[0], sender: Int(header[1]))
        }
        inbox.enter(generation: 3, keys: [own.publicKey, member.publicKey])
        func link(_ pair: KeyPair) throws -> (socket: ZeroMQSocket, isEstablished: Bool) {
            var options = options
            options.security = .connecting(pair, to: own.publicKey)
            let socket = try ZeroMQSocket(context(), .push, options: options)
            let monitor = try ConnectionMonitor(of: socket)
            try socket.connect(inbox.endpoint)
            let poller = Poller(capacity: 1)
            poller.add(monitor)
            while try poller.wait(until: patience()) {
                if let event = try monitor.next() { return (socket, event == .established) }
            }
            return (socket, false)
        }
        #expect(try !link(stranger).isEstablished)
        let (socket, isEstablished) = try link(member)
        #expect(isEstablished)
        func send(generation: UInt64, sender: UInt64, _ number: UInt64) throws {
            let header = SIMD8<UInt64>(generation, sender, number, 0, 0, 0, 0, 0)
            #expect(try socket.send(frames: [withUnsafeBytes(of: header) { Array($0) } + [1]]))
        }
        try send(generation: 3, sender: 0, 1)
        try send(generation: 4, sender: 0, 2)
        try send(generation: 4, sender: 1, 3)
        try send(generation: 99, sender: 1, 4)
        try send(generation: 3, sender: 1, 5)
        func next() throws -> UInt64? {
            let poller = Poller(capacity: 1)
            poller.add(inbox)
            while true {
                if let frame = try inbox.receive() { return frame.header[2] }
                guard try poller.wait(until: patience()) else { return nil }
            }
        }
        #expect(try next() == 5)
        #expect(inbox.refusedCount == 2)
        inbox.enter(generation: 4, keys: [own.publicKey, member.publicKey])
        #expect(try inbox.hasMessage)
        #expect(try next() == 3)
        #expect(inbox.refusedCount == 3)
        // Who is no member any more is not listened to, although the connection is there.
        inbox.enter(generation: 5, keys: [own.publicKey])
        try send(generation: 5, sender: 1, 6)
        let poller = Poller(capacity: 1)
        poller.add(inbox)
        #expect(try poller.wait(until: patience()))
        #expect(try inbox.receive() == nil)
        #expect(inbox.refusedCount == 4)
        #expect(try !link(member).isEstablished, "nor admitted again")
    }
}
