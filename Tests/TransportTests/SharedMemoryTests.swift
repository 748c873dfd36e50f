import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Transport

@Suite("Frames through memory")
struct SharedMemoryTests {
    private static let job = JobIdentifier(high: 7, low: 8)
    private static let header = SIMD8<UInt64>(1, 2, 3, 4, 5, 6, 7, 8)

    /// Workers of one process, each with sockets to all others and a plane.
    private final class Workers: @unchecked Sendable {
        // Sendable: after init each worker is used by one thread at a time.
        let folder: TemporaryFolder
        let interrupts: [InterruptEvent]
        let planes: [SharedMemoryPlane]
        private let sockets: [ZeroMQFrameTransport]
        private(set) var transports: [HostFrameTransport] = []

        /// Workers with equal `hosts` are on one host.
        init(
            hosts: [UInt32] = [1, 1], checksPayloads: Bool = false, spins: Bool = true,
            disturbance: (any FrameDisturbance)? = nil
        ) throws {
            let folder = try TemporaryFolder()
            let context = try context()
            let options = SocketOptions.data(highWaterMark: 1000, maximumPayloadByteCount: 1 << 20)
            let inboxes = try hosts.indices.map {
                try Inbox(context, at: folder.endpoint("r\($0)"), options: options)
            }
            let interrupts = try hosts.map { _ in try InterruptEvent() }
            let sockets = try hosts.indices.map {
                try ZeroMQFrameTransport(
                    context, rank: $0, endpoints: inboxes.map(\.endpoint), options: options, inbox: inboxes[$0],
                    interrupt: interrupts[$0], spins: spins)
            }
            let planes = hosts.indices.map {
                SharedMemoryPlane(
                    job: job, generation: 3, rank: $0, rankCount: hosts.count, checksPayloads: checksPayloads,
                    host: hosts[$0])
            }
            self.folder = folder
            (self.interrupts, self.planes, self.sockets) = (interrupts, planes, sockets)
            let group = DispatchGroup()
            for rank in hosts.indices {
                DispatchQueue.global().async(group: group) { [self] in
                    _ = try? self.sockets[rank].waitUntilConnected(deadline: patience())
                    _ = try? self.planes[rank].link(over: self.sockets[rank], deadline: patience()) { _ in }
                }
            }
            group.wait()
            transports = hosts.indices.map {
                HostFrameTransport(
                    sockets: sockets[$0], memory: planes[$0], disturbance: $0 == 1 ? disturbance : nil)
            }
        }

        /// Sends bytes of `memory`, numbered from `first`, from rank 0 to rank 1.
        func send(_ memory: FrameMemory, byteCount: Int, counter: ReleaseCounter, to rank: Int = 1) throws -> Bool {
            try withUnsafeBytes(of: header) { header in
                try transports[0].sendBorrowed(
                    header: header, payload: UnsafeRawBufferPointer(start: memory.start, count: byteCount),
                    counter: counter, to: rank)
            }
        }
        /// Keeps the next frame to a rank in a slot; false where none has arrived.
        func receive(_ rank: Int, into store: FrameStore, slot: Int = 0) throws -> Bool {
            guard let frame = try transports[rank].receive() else { return false }
            #expect(frame.header == SharedMemoryTests.header)
            store.store(frame, in: slot, checksum: 77)
            return true
        }
    }

    @Test("a payload is read where the sender wrote it, and lent until it is released")
    func sameMemory() throws {
        let workers = try Workers()
        #expect(workers.planes.map(\.unreachedRanks) == [[], []])
        let memory = workers.transports[0].makeMemory(byteCount: 10_000)
        #expect(workers.transports[0].trusts(UnsafeRawBufferPointer(start: memory.start, count: 9), to: 1))
        let counter = ReleaseCounter()
        memory.start.storeBytes(of: 11, as: Int.self)
        #expect(try workers.send(memory, byteCount: 10_000, counter: counter))
        let store = FrameStore(capacity: 1)
        #expect(try workers.receive(1, into: store))
        #expect(store.checksum(0) == nil)
        #expect(store.payload(0).count == 10_000)
        #expect(store.payload(0).load(as: Int.self) == 11)
        memory.start.storeBytes(of: 12, as: Int.self)
        #expect(store.payload(0).load(as: Int.self) == 12)
        workers.transports[0].collectReleases()
        #expect(!counter.isIdle)
        store.release(0)
        workers.transports[0].collectReleases()
        #expect(counter.isIdle)
    }

    @Test("a full ring takes no frame until its oldest is released, whatever was released before")
    func fullRing() throws {
        let workers = try Workers()
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        let counter = ReleaseCounter()
        for _ in 0..<SegmentLayout.recordCount {
            #expect(try workers.send(memory, byteCount: 64, counter: counter))
        }
        #expect(try workers.send(memory, byteCount: 64, counter: counter) == false)
        let store = FrameStore(capacity: SegmentLayout.recordCount)
        for slot in 0..<SegmentLayout.recordCount {
            #expect(try workers.receive(1, into: store, slot: slot))
        }
        #expect(try workers.receive(1, into: FrameStore(capacity: 1)) == false)
        for slot in 1..<SegmentLayout.recordCount { store.release(slot) }
        #expect(try workers.send(memory, byteCount: 64, counter: counter) == false)
        store.release(0)
        #expect(try workers.send(memory, byteCount: 64, counter: counter))
        workers.transports[0].collectReleases()
        #expect(!counter.isIdle)
    }

    @Test("memory lives until the last payload in it is released")
    func outlivesTheSender() throws {
        let store = FrameStore(capacity: 1)
        do {
            let workers = try Workers()
            let memory = workers.transports[0].makeMemory(byteCount: 100)
            memory.start.storeBytes(of: 99, as: Int.self)
            #expect(try workers.send(memory, byteCount: 100, counter: ReleaseCounter()))
            #expect(try workers.receive(1, into: store))
        }
        #expect(store.payload(0).load(as: Int.self) == 99)
        store.release(0)
    }

    @Test("a worker that waits finds every frame, whether it spins or sleeps", arguments: [true, false])
    func doorbell(spins: Bool) throws {
        let workers = try Workers(spins: spins)
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        for _ in 0..<2000 {
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) {
                let outcome = try? workers.transports[1].wait(untilSendingTo: nil, deadline: patience())
                #expect(outcome == .ready)
            }
            #expect(try workers.send(memory, byteCount: 64, counter: ReleaseCounter()))
            group.wait()
            #expect(try workers.receive(1, into: FrameStore(capacity: 1)))
        }
    }

    @Test("a worker that sleeps for other events too finds every frame, and every event")
    func otherEvents() throws {
        let workers = try Workers()
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        let event = try InterruptEvent()
        let poller = Poller(capacity: 2)
        poller.add(event)
        for _ in 0..<200 {
            let group = DispatchGroup()
            nonisolated(unsafe) let waiting = poller
            DispatchQueue.global().async(group: group) {
                let deadline = patience()
                _ = try? workers.transports[1].sleep(watching: waiting, deadline: deadline)
                #expect(!deadline.hasPassed)
            }
            #expect(try workers.send(memory, byteCount: 64, counter: ReleaseCounter()))
            group.wait()
            #expect(try workers.receive(1, into: FrameStore(capacity: 1)))
        }
        event.signal()
        try workers.transports[1].sleep(watching: poller, deadline: patience())
        #expect(poller.count == 1 && poller.isReady(0))
    }

    @Test("a sleeping worker is rung once, however many frames arrive")
    func oneRing() throws {
        let workers = try Workers(spins: false)
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        #expect(workers.planes[1].prepareToSleep())
        for _ in 0..<10 { #expect(try workers.send(memory, byteCount: 64, counter: ReleaseCounter())) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let doorbell = try #require(workers.planes[1].doorbellDescriptor)
        #expect(read(doorbell, &bytes, bytes.count) == 1)
        workers.planes[1].wake(wasRung: false)
        #expect(workers.planes[1].prepareToSleep() == false)
    }

    @Test("frames without end hide no interrupt")
    func flooded() throws {
        let workers = try Workers()
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        #expect(try workers.send(memory, byteCount: 64, counter: ReleaseCounter()))
        workers.interrupts[1].signal()
        // The frame is never taken.
        var outcome = WaitOutcome.ready
        for _ in 0..<100 where outcome == .ready {
            outcome = try workers.transports[1].wait(untilSendingTo: nil, deadline: patience())
        }
        #expect(outcome == .interrupted)
    }

    @Test("frames that came over sockets are found by a quick look after a wait")
    func quickLooks() throws {
        let workers = try Workers()
        let isTaken = try withUnsafeBytes(of: Self.header) { header in
            try workers.transports[0].sendCopy(
                header: header, payload: UnsafeRawBufferPointer(start: nil, count: 0), to: 1)
        }
        #expect(isTaken)
        var frame: ReceivedFrame?
        while frame == nil {
            try #require(try workers.transports[1].wait(untilSendingTo: nil, deadline: patience()) == .ready)
            frame = try workers.transports[1].receiveQuickly()
        }
        #expect(frame?.header == Self.header)
    }

    /// Holds frames until it is opened.
    private final class Gate: FrameDisturbance {
        var isOpen = false
        var stopsSending = false
        private var frames: [(SIMD8<UInt64>, [UInt8])] = []
        private(set) var deliveredCount = 0

        func willSend() {}
        func didReceive() { deliveredCount += 1 }
        func take(_ frame: borrowing ReceivedFrame) { frames.append((frame.header, Array(frame.payload.bytes))) }

        func next() -> ReceivedFrame? {
            guard isOpen, !frames.isEmpty else { return nil }
            let (header, bytes) = frames.removeFirst()
            var delivered: ReceivedFrame?
            bytes.withUnsafeBytes {
                delivered = ReceivedFrame(header: header, payload: ReceivedPayload(copying: $0))
            }
            return delivered
        }

        var holdsFrames: Bool { !frames.isEmpty }
    }

    @Test("frames in memory pass through a disturbance, and the waiting worker finds those that were held")
    func disturbed() throws {
        let gate = Gate()
        let workers = try Workers(disturbance: gate)
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        let counter = ReleaseCounter()
        #expect(try workers.send(memory, byteCount: 64, counter: counter))
        #expect(try workers.receive(1, into: FrameStore(capacity: 1)) == false)
        workers.transports[0].collectReleases()
        #expect(gate.holdsFrames && counter.isIdle)
        // It wakes by itself: no frame and no bell will come.
        #expect(try workers.transports[1].wait(untilSendingTo: nil, deadline: patience()) == .ready)
        gate.isOpen = true
        #expect(try workers.receive(1, into: FrameStore(capacity: 1)))
        #expect(gate.deliveredCount == 1)
    }

    @Test("memory takes no frame while a disturbance stops sending")
    func sendingStopped() throws {
        let gate = Gate()
        let workers = try Workers(disturbance: gate)
        let memory = workers.transports[1].makeMemory(byteCount: 64)
        func isTaken() throws -> Bool {
            try withUnsafeBytes(of: Self.header) { header in
                try workers.transports[1].sendBorrowed(
                    header: header, payload: UnsafeRawBufferPointer(start: memory.start, count: 64),
                    counter: ReleaseCounter(), to: 0)
            }
        }
        gate.stopsSending = true
        #expect(try isTaken() == false)
        #expect(try workers.transports[1].wait(untilSendingTo: 0, deadline: patience()) == .ready)
        gate.stopsSending = false
        #expect(try isTaken())
    }

    @Test("an interrupt ends the sleep")
    func interrupt() throws {
        let workers = try Workers()
        while try workers.transports[1].receive() != nil {}
        workers.interrupts[1].signal()
        #expect(try workers.transports[1].wait(untilSendingTo: nil, deadline: patience()) == .interrupted)
    }

    @Test("workers of other hosts are reached over sockets, with a checksum")
    func otherHost() throws {
        let workers = try Workers(hosts: [1, 1, 2])
        #expect(workers.planes.map(\.unreachedRanks) == [[2], [2], [0, 1]])
        let memory = workers.transports[0].makeMemory(byteCount: 50_000)
        let payload = UnsafeRawBufferPointer(start: memory.start, count: 50_000)
        #expect(!workers.transports[0].trusts(payload, to: 2))
        let counter = ReleaseCounter()
        #expect(try workers.send(memory, byteCount: 50_000, counter: counter, to: 2))
        let store = FrameStore(capacity: 1)
        while try !workers.receive(2, into: store) {
            try #require(try workers.transports[2].wait(untilSendingTo: nil, deadline: patience()) == .ready)
        }
        #expect(store.checksum(0) == 77)
        #expect(store.payload(0).count == 50_000)
    }

    @Test("whole pages of a payload are shown where the sender writes them, until they are restored")
    func shownPages() throws {
        let workers = try Workers()
        let (sent, own) = (
            workers.transports[0].makeMemory(byteCount: 100_000), workers.transports[1].makeMemory(byteCount: 100_000)
        )
        for index in 0..<25_000 { sent.start.storeBytes(of: Float(index), toByteOffset: 4 * index, as: Float.self) }
        #expect(try workers.send(sent, byteCount: 50_000, counter: ReleaseCounter()))
        let store = FrameStore(capacity: 1)
        #expect(try workers.receive(1, into: store))
        let payload = UnsafeRawBufferPointer(rebasing: store.payload(0)[1000...])
        // The places in their pages differ.
        #expect(workers.transports[1].show(payload, at: own.start).isEmpty)
        // Too short.
        #expect(
            workers.transports[1].show(UnsafeRawBufferPointer(rebasing: payload[..<8000]), at: own.start + 1000).isEmpty
        )
        let shown = workers.transports[1].show(payload, at: own.start + 1000)
        #expect(shown == 3096..<48_152)
        store.release(0)
        sent.start.storeBytes(of: -1, toByteOffset: 40_000, as: Float.self)
        #expect(own.start.load(fromByteOffset: 40_000, as: Float.self) == -1)
        #expect(own.start.load(fromByteOffset: 4096, as: Float.self) == 1024)
        #expect(own.start.load(fromByteOffset: 4092, as: Float.self) == 0)
        #expect(own.start.load(fromByteOffset: 49_152, as: Float.self) == 0)
        workers.transports[1].restore(UnsafeMutableRawBufferPointer(start: own.start + 4096, count: shown.count))
        own.start.storeBytes(of: 7, toByteOffset: 40_000, as: Float.self)
        #expect(own.start.load(fromByteOffset: 40_000, as: Float.self) == 7)
        #expect(sent.start.load(fromByteOffset: 40_000, as: Float.self) == -1)
    }

    @Test("checked payloads are not shown")
    func checkedPayloadsAreCopied() throws {
        let workers = try Workers(checksPayloads: true)
        let (sent, own) = (
            workers.transports[0].makeMemory(byteCount: 100_000), workers.transports[1].makeMemory(byteCount: 100_000)
        )
        #expect(try workers.send(sent, byteCount: 50_000, counter: ReleaseCounter()))
        let store = FrameStore(capacity: 1)
        #expect(try workers.receive(1, into: store))
        #expect(workers.transports[1].show(store.payload(0), at: own.start).isEmpty)
    }

    @Test("payloads have checksums where they are asked for")
    func checkedPayloads() throws {
        let workers = try Workers(checksPayloads: true)
        let memory = workers.transports[0].makeMemory(byteCount: 64)
        #expect(!workers.transports[0].trusts(UnsafeRawBufferPointer(start: memory.start, count: 64), to: 1))
        #expect(try workers.send(memory, byteCount: 64, counter: ReleaseCounter()))
        let store = FrameStore(capacity: 1)
        #expect(try workers.receive(1, into: store))
        #expect(store.checksum(0) == 77)
    }

    @Test("what is no segment, has no process, or has another nonce is not mapped")
    func foreignDescriptors() throws {
        let own = try #require(SharedSegment())
        let layout = SegmentLayout(rankCount: 2)
        _ = try #require(own.allocate(byteCount: layout.byteCount))
        UnsafeRawPointer(own.base).word(SegmentLayout.nonceOffset).pointee.store(5, ordering: .relaxed)
        UnsafeRawPointer(own.base).word(SegmentLayout.rankOffset).pointee.store(1, ordering: .relaxed)
        let pipe = Pipe()
        let file = try FileHandle(forReadingFrom: URL(filePath: #filePath))
        func isMapped(_ process: Int32, _ descriptor: Int32, nonce: UInt64, rank: Int = 1) -> Bool {
            let peer = SharedPeer(own: own, layout: layout, ownRank: 1 - rank, rank: rank)
            return peer.map(
                SegmentOffer(
                    kind: .offer, job: Self.job, generation: 1, sender: rank, processIdentifier: process,
                    segmentDescriptor: descriptor,
                    doorbellDescriptor: pipe.fileHandleForWriting.fileDescriptor, nonce: nonce))
        }
        #expect(isMapped(getpid(), own.descriptor, nonce: 5))
        #expect(!isMapped(getpid(), own.descriptor, nonce: 6))
        #expect(!isMapped(getpid(), own.descriptor, nonce: 5, rank: 0))
        #expect(!isMapped(getpid(), file.fileDescriptor, nonce: 5))
        #expect(!isMapped(getpid(), 9999, nonce: 5))
        #expect(!isMapped(Int32.max, own.descriptor, nonce: 5))
    }

    @Test("bytes beyond the segment are not read")
    func bounds() throws {
        let own = try #require(SharedSegment())
        _ = try #require(own.allocate(byteCount: 8192))
        let foreign = try #require(ForeignSegment(processIdentifier: getpid(), descriptor: own.descriptor))
        #expect(foreign.bytes(at: 0, count: 8192) != nil)
        #expect(foreign.bytes(at: 1, count: 8192) == nil)
        #expect(foreign.bytes(at: -1, count: 8) == nil)
        #expect(foreign.bytes(at: Int.max, count: 8) == nil)
        #expect(foreign.bytes(at: 8, count: Int.max) == nil)
        _ = try #require(own.allocate(byteCount: 4096))
        #expect(foreign.bytes(at: 1, count: 8192) != nil)
    }

    @Test("an offer comes back from its bytes; damaged ones and other frames do not")
    func offerCoding() {
        let offer = SegmentOffer(
            kind: .accepted, job: Self.job, generation: 1 << 40, sender: 63, processIdentifier: 4_194_304,
            segmentDescriptor: 7, doorbellDescriptor: 1023, nonce: .max, host: 0xDEAD_BEEF)
        #expect(SegmentOffer(offer.encoded) == offer)
        for bit in 0..<512 {
            var damaged = offer.encoded
            damaged[bit / 64] ^= 1 << UInt64(bit % 64)
            #expect(SegmentOffer(damaged) == nil)
        }
        #expect(SegmentOffer(Self.header) == nil)
    }
}
