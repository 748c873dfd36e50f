import TestSupport
import Testing

@testable import Transport

@Suite("Frames between workers")
struct FrameTransportTests {
    /// Two workers in one thread, connected both ways.
    private final class Pair {
        let folder: TemporaryFolder
        let inboxes: [Inbox]
        let interrupts: [InterruptEvent]
        let transports: [ZeroMQFrameTransport]

        init(overFiles: Bool = true) throws {
            let folder = try TemporaryFolder()
            let context = try context()
            let options = SocketOptions.data(highWaterMark: 100, maximumPayloadByteCount: 1 << 20)
            let inboxes = try (0..<2).map { rank in
                try Inbox(
                    context, at: overFiles ? folder.endpoint("r\(rank)") : .tcp(host: "127.0.0.1", port: 0),
                    options: options)
            }
            let endpoints = inboxes.map(\.endpoint)
            let interrupts = try (0..<2).map { _ in try InterruptEvent() }
            transports = try (0..<2).map {
                try ZeroMQFrameTransport(
                    context, rank: $0, endpoints: endpoints, options: options, inbox: inboxes[$0],
                    interrupt: interrupts[$0])
            }
            (self.folder, self.inboxes, self.interrupts) = (folder, inboxes, interrupts)
            for transport in transports {
                let outcome = try transport.waitUntilConnected(deadline: patience())
                try #require(outcome == .ready)
            }
        }

        func receivePayload(_ rank: Int, into store: FrameStore) throws -> [UInt8] {
            while true {
                if let frame = try transports[rank].receive() {
                    let header = frame.header
                    #expect(header == FrameTransportTests.header)
                    store.store(frame, in: 0, checksum: 5)
                    #expect(store.checksum(0) == 5)
                    return Array(store.payload(0))
                }
                let outcome = try transports[rank].wait(untilSendingTo: nil, deadline: patience())
                try #require(outcome == .ready)
            }
        }
    }

    private static let header = SIMD8<UInt64>(1, 2, 3, 4, 5, 6, 7, 8)

    private func send(_ payload: UnsafeRawBufferPointer, counter: ReleaseCounter?, _ pair: Pair) throws -> Bool {
        try withUnsafeBytes(of: Self.header) { header in
            if let counter {
                return try pair.transports[0].sendBorrowed(header: header, payload: payload, counter: counter, to: 1)
            }
            return try pair.transports[0].sendCopy(header: header, payload: payload, to: 1)
        }
    }

    @Test("Copied and borrowed payloads of any length arrive whole, over ipc and tcp", arguments: [true, false])
    func roundTrip(overFiles: Bool) throws {
        let pair = try Pair(overFiles: overFiles)
        let store = FrameStore(capacity: 1)
        for count in [0, 1, 4, 4000, 8191, 70_000, 1 << 20] {
            let payload = bytes(count, seed: count)
            let counter = ReleaseCounter()
            for counter in [nil, counter] {
                let isTaken = try payload.withUnsafeBytes { try send($0, counter: counter, pair) }
                #expect(isTaken)
                #expect(try pair.receivePayload(1, into: store) == payload)
                store.release(0)
                #expect(store.payload(0).isEmpty)
                while let counter, !counter.isIdle { ThreadScheduling.yield() }
            }
        }
    }

    @Test("Borrowed memory is in use until it is sent, and is then given back")
    func release() throws {
        let pair = try Pair()
        let counter = ReleaseCounter()
        #expect(counter.isIdle)
        let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        payload.initializeMemory(as: UInt8.self, repeating: 7)
        // More than the kernel's buffers hold, so not all can be sent before one is received.
        for _ in 0..<20 { #expect(try send(UnsafeRawBufferPointer(payload), counter: counter, pair)) }
        #expect(counter.lent == 20)
        let store = FrameStore(capacity: 1)
        for _ in 0..<20 {
            #expect(try pair.receivePayload(1, into: store).count == 1 << 20)
            store.release(0)
        }
        while !counter.isIdle { ThreadScheduling.yield() }
        payload.deallocate()
    }

    @Test("A full link refuses frames without waiting, and loses none")
    func backPressure() throws {
        let pair = try Pair()
        let payload = bytes(1 << 20, seed: 1)
        var taken = 0
        while try payload.withUnsafeBytes({ try send($0, counter: nil, pair) }) { taken += 1 }
        #expect(taken >= 100)
        let store = FrameStore(capacity: 1)
        for _ in 0..<taken {
            #expect(try pair.receivePayload(1, into: store).count == payload.count)
            store.release(0)
        }
        #expect(try pair.transports[0].wait(untilSendingTo: 1, deadline: patience()) == .ready)
    }

    @Test("A wait ends with the reason: interrupt, deadline, lost link")
    func waits() throws {
        let pair = try Pair()
        #expect(try pair.transports[0].wait(untilSendingTo: nil, deadline: Deadline(afterMilliseconds: 1)) == .timedOut)
        pair.interrupts[0].signal()
        #expect(try pair.transports[0].wait(untilSendingTo: nil, deadline: patience()) == .interrupted)
        pair.interrupts[0].clear()
        pair.inboxes[1].close()
        #expect(try pair.transports[0].wait(untilSendingTo: nil, deadline: patience()) == .linkLost(rank: 1))
    }

    @Test("What a TCP connection carried is measured by another thread, until it is closed")
    func measured() throws {
        let pair = try Pair(overFiles: false)
        let (transport, connections) = (pair.transports[0], pair.transports[0].connections)
        #expect(try transport.wait(untilSendingTo: nil, deadline: Deadline(afterMilliseconds: 1)) == .timedOut)
        #expect(connections.uses.map(\.rank) == [1])
        let payload = bytes(1 << 20, seed: 1)
        let isTaken = try payload.withUnsafeBytes { try send($0, counter: nil, pair) }
        #expect(isTaken)
        #expect(try pair.receivePayload(1, into: FrameStore(capacity: 1)) == payload)
        let deadline = patience()
        while (connections.uses.first?.use.acknowledgedByteCount ?? 0) < 1 << 20 { try #require(!deadline.hasPassed) }
        let use = try #require(connections.uses.first?.use)
        #expect(use.sentSegmentCount > 10 && use.lostSegmentCount < use.sentSegmentCount)
        pair.inboxes[1].close()
        #expect(try transport.wait(untilSendingTo: nil, deadline: patience()) == .linkLost(rank: 1))
        while !connections.uses.isEmpty { try #require(!deadline.hasPassed) }
    }

    @Test("A connection by socket files has no measures")
    func unmeasured() throws {
        let pair = try Pair()
        #expect(try pair.transports[0].wait(untilSendingTo: nil, deadline: Deadline(afterMilliseconds: 1)) == .timedOut)
        #expect(pair.transports[0].connections.uses.isEmpty)
    }

    @Test("The kernel's figures are read from their places, and an older kernel's are not")
    func kernelFigures() throws {
        var kernel = [UInt8](repeating: 0, count: 256)
        func put(_ value: UInt16, at offset: Int) {
            (kernel[offset], kernel[offset + 1]) = (UInt8(value & 0xFF), UInt8(value >> 8))
        }
        for (offset, value) in [(68, 412), (100, 31), (120, 9000), (156, 214), (168, 800), (176, 300), (216, 2)] {
            put(UInt16(value), at: offset)
        }
        let use = TCPUse(
            sentSegmentCount: 214, lostSegmentCount: 29, acknowledgedByteCount: 9000, busyMicroseconds: 500,
            roundTripMicroseconds: 412)
        #expect(TCPUse(kernelBytes: kernel[...]) == use)
        #expect(TCPUse(kernelBytes: kernel.prefix(200)) == nil)
        #expect(use.since(use).busyMicroseconds == 0 && use.since(use).roundTripMicroseconds == 412)
        #expect(use.since(.none) == use && TCPUse.none.since(use).acknowledgedByteCount == 0)
    }

    @Test("Messages that are not a header and a payload are dropped and counted")
    func malformed() throws {
        let pair = try Pair()
        let stranger = try ZeroMQSocket(context(), .push, options: SocketOptions())
        try stranger.connect(pair.inboxes[1].endpoint)
        let poller = Poller(capacity: 1)
        poller.add(stranger, forSending: true)
        try #require(try poller.wait(until: patience()))
        let head = bytes(64, seed: 0)
        for frames in [[[]], [bytes(63, seed: 0)], [head, [1], [2]], [bytes(65, seed: 0), [1]], [head, [], [], []]] {
            #expect(try stranger.send(frames: frames))
        }
        #expect(try stranger.send(frames: [head, [9]]))
        while true {
            if let frame = try pair.transports[1].receive() {
                #expect(frame.payload.bytes.count == 1)
                break
            }
            _ = try pair.transports[1].wait(untilSendingTo: nil, deadline: patience())
        }
        #expect(pair.inboxes[1].malformedCount == 5)
    }

    @Test("Received payloads are valid where frames are moved to, and each is released once", arguments: [0, 5, 200])
    func moves(byteCount: Int) throws {
        let pair = try Pair()
        let (first, second) = (FrameStore(capacity: 2), FrameStore(capacity: 1))
        let payload = bytes(byteCount, seed: 3)
        let counter = ReleaseCounter()
        #expect(try payload.withUnsafeBytes { try send($0, counter: counter, pair) })
        #expect(try pair.receivePayload(1, into: first) == payload)
        first.move(0, to: second, slot: 0)
        #expect(Array(second.payload(0)) == payload && second.checksum(0) == 5)
        #expect(first.payload(0).isEmpty)
        payload.withUnsafeBytes { bytes in
            let frame = ReceivedFrame(header: .zero, payload: ReceivedPayload(copying: bytes))
            second.store(frame, in: 0, checksum: 6)
        }
        #expect(Array(second.payload(0)) == payload && second.checksum(0) == 6)
    }
}
