import TestSupport
import Testing
import Transport

@testable import Faults

/// A PUSH socket that sends numbered messages of two frames through a proxy to a PULL socket.
private final class Line {
    let proxy: RunningProxy
    private let folder: TemporaryFolder
    private let push: ZeroMQSocket
    private let pull: ZeroMQSocket
    let monitor: ConnectionMonitor

    /// What a message's second frame holds.
    static let payload = [UInt8](repeating: 0x55, count: 300)
    private static let last: [UInt8] = [0xFF, 0xFF]

    init(overFiles: Bool = true) throws {
        folder = try TemporaryFolder()
        let options = SocketOptions.data(highWaterMark: 1000, maximumPayloadByteCount: 1 << 20)
        pull = try ZeroMQSocket(context(), .pull, options: options)
        let any = Endpoint.tcp(host: "127.0.0.1", port: 0)
        let inbox = try pull.bind(overFiles ? folder.address("inbox").endpoint : any)
        proxy = try RunningProxy(
            overFiles ? folder.address("proxy") : any.proxyAddress(), to: inbox.proxyAddress())
        push = try ZeroMQSocket(context(), .push, options: options)
        monitor = try ConnectionMonitor(of: push)
        try push.connect(proxy.route.listen.endpoint)
        try #require(try waitFor(push, forSending: true))
    }

    private func waitFor(_ socket: ZeroMQSocket, forSending: Bool = false) throws -> Bool {
        let poller = Poller(capacity: 1)
        poller.add(socket, forSending: forSending)
        return try poller.wait(until: patience())
    }

    func send(_ range: Range<UInt8>) throws {
        for number in range { try #require(try push.send(frames: [[number], Self.payload])) }
    }

    /// Waits until the proxy has seen so many messages.
    func waitUntilSeen(_ count: Int) throws {
        let deadline = patience()
        while proxy.count("messages") ?? 0 < count { try #require(!deadline.hasPassed) }
    }

    /// Ends all faults, sends a last message, and returns all that arrived before it.
    func finish(_ count: Int) throws -> [[[UInt8]]] {
        try waitUntilSeen(count)
        #expect(proxy.tell("clear r") == "ok")
        try #require(try push.send(frames: [Self.last]))
        var arrived: [[[UInt8]]] = []
        while true {
            try #require(try waitFor(pull))
            guard let frames = try pull.receiveFrames() else { continue }
            if frames == [Self.last] { return arrived }
            arrived.append(frames)
        }
    }

    /// What arrives of 100 messages while a fault is set.
    static func run(
        _ fault: String, overFiles: Bool = true
    ) throws -> (numbers: [UInt8], messages: [[[UInt8]]], line: Line) {
        let line = try Line(overFiles: overFiles)
        #expect(line.proxy.tell("set r \(fault)") == "ok")
        try line.send(0..<100)
        let messages = try line.finish(100)
        return (messages.map { $0[0].first ?? 0 }, messages, line)
    }
}

@Suite("Messages of ZeroMQ through a proxy")
struct MessageTests {
    @Test("Without faults all messages arrive in order, over files and TCP", arguments: [true, false])
    func undisturbed(overFiles: Bool) throws {
        let line = try Line(overFiles: overFiles)
        try line.send(0..<200)
        let messages = try line.finish(200)
        #expect(messages == (0..<200).map { [[$0], Line.payload] })
    }

    @Test("Dropped messages are missing whole, the same ones for the same seed")
    func drop() throws {
        let first = try Line.run("drop share=0.2 seed=5")
        #expect(first.line.proxy.count("dropped") == 100 - first.numbers.count)
        #expect(5...40 ~= 100 - first.numbers.count)
        #expect(first.messages.allSatisfy { $0.count == 2 && $0[1] == Line.payload })
        #expect(try Line.run("drop share=0.2 seed=5", overFiles: false).numbers == first.numbers)
        #expect(try Line.run("drop share=0.2 seed=6").numbers != first.numbers)
    }

    @Test("Duplicates arrive as separate messages")
    func duplicate() throws {
        let result = try Line.run("duplicate share=0.2")
        #expect(result.line.proxy.count("duplicated") == result.numbers.count - 100)
        #expect(result.numbers.count > 105 && Set(result.numbers).count == 100)
    }

    @Test("Reordered messages all arrive")
    func reorder() throws {
        let result = try Line.run("reorder share=0.2 behind=2 ms=100000")
        #expect(result.line.proxy.count("reordered") ?? 0 > 5)
        #expect(result.numbers != Array(0..<100) && result.numbers.sorted() == Array(0..<100))
    }

    @Test("Corrupted messages differ in one bit, and the connection stays open")
    func corrupt() throws {
        let result = try Line.run("corrupt share=0.2 seed=9")
        #expect(result.messages.count == 100)
        let changed = zip(result.messages, 0..<100 as Range<UInt8>).map { message, number in
            zip(message.flatMap { $0 }, [number] + Line.payload).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        }
        #expect(changed.allSatisfy { $0 <= 1 })
        #expect(result.line.proxy.count("corrupted") == changed.reduce(0, +) && changed.reduce(0, +) > 5)
        #expect(result.messages.allSatisfy { $0.map(\.count) == [1, 300] })
    }

    @Test("Delayed messages arrive in order")
    func delay() throws {
        let result = try Line.run("delay ms=3 share=0.5")
        #expect(result.numbers == Array(0..<100))
        #expect(result.line.proxy.count("delayed") ?? 0 > 20)
    }

    @Test("A broken connection is noticed by who connected, over files and TCP", arguments: [true, false])
    func reset(overFiles: Bool) throws {
        let line = try Line(overFiles: overFiles)
        #expect(line.proxy.tell("reset r") == "ok")
        #expect(line.proxy.count("reset") == 1)
        let poller = Poller(capacity: 1)
        poller.add(line.monitor)
        var events: [ConnectionEvent] = []
        while !events.contains(.disconnected) {
            try #require(try poller.wait(until: patience()))
            while let event = try line.monitor.next() { events.append(event) }
        }
    }

    @Test("A stalled connection stays open, carries nothing, and continues when the stall ends")
    func stall() throws {
        let line = try Line()
        #expect(line.proxy.tell("set r stall") == "ok")
        try line.send(0..<50)
        #expect(line.proxy.count("messages") == 0)
        #expect(line.proxy.tell("clear r stall") == "ok")
        #expect(try line.finish(50).map { $0[0] } == (0..<50).map { [$0] })
    }
}
