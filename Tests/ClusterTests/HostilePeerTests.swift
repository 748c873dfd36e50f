import Collectives
import Coordination
import Core
import TestSupport
import Testing
import Transport

@testable import Cluster

/// A network on which useless frames arrive without an end.
private final class FloodedTransport: FrameTransport {
    func sendCopy(header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, to rank: Int) -> Bool { true }

    func sendBorrowed(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, counter: ReleaseCounter, to rank: Int
    ) -> Bool { true }

    func receive() -> ReceivedFrame? {
        ReceivedFrame(
            header: .zero, payload: ReceivedPayload(copying: UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    func wait(untilSendingTo rank: Int?, deadline: Deadline) -> WaitOutcome { .ready }
}

@Suite("Peers that are not what they should be")
struct HostilePeerTests {
    @Test("A flood of useless frames holds neither a step's deadline nor the work between steps up")
    func flood() throws {
        let driver = AllReduceDriver(
            .init(
                job: JobIdentifier(high: 1, low: 2), generation: 1, rank: 0,
                ownership: try Ownership(microBatchCount: 2, workerCount: 2), buckets: [0..<4], statisticsWidth: 0),
            transport: FloodedTransport(), held: HeldFrames(capacity: 64),
            add: AllReduceDriverTests.add)
        driver.serve()
        let deadline = Deadline(afterMilliseconds: 20)
        try driver.begin(step: 0, batchSize: 2, deadline: deadline)
        driver.bucketReady(0)
        do {
            try driver.finish(deadline: deadline)
            Issue.record("the sum of a worker that sent nothing")
        } catch {
            guard case .missing(let frame, _) = error else { throw error }
            #expect(frame.rank == 1)
        }
    }

    @Test("Held frames are bounded in bytes and in number, and what is taken makes room")
    func heldFrames() {
        let label = FrameLabel(
            kind: .contribution, job: JobIdentifier(high: 1, low: 2), generation: 1, step: 1, bucket: 0,
            elementOffset: 0, elementCount: 25, sender: 1, node: 3)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        defer { memory.deallocate() }
        for (capacity, byteLimit) in [(100, 1099), (10, 1 << 20)] {
            let held = HeldFrames(capacity: capacity, byteLimit: byteLimit)
            func hold() {
                held.hold(
                    FrameHeader(label, payloadChecksum: 0),
                    ReceivedFrame(
                        header: .zero, payload: ReceivedPayload(copying: UnsafeRawBufferPointer(memory))))
            }
            for _ in 0..<20 { hold() }
            #expect(held.count == 10 && held.byteCount == 1000)
            held.drop(3)
            #expect(held.count == 9 && held.byteCount == 900)
            for _ in 0..<2 { hold() }
            #expect(held.count == 10 && held.byteCount == 1000)
            held.move(0, to: FrameStore(capacity: 1), slot: 0)
            #expect(held.count == 9 && held.byteCount == 900)
        }
    }

    private static func view(_ runs: [Range<Int>], inboxes: [String] = ["ipc://a", "ipc://b"]) -> View {
        let members = runs.enumerated().map { rank, run in
            Member(
                rank: rank, workerIdentifier: 1, name: "w\(rank)", host: "here", processIdentifier: 1,
                inboxAddress: inboxes[rank], microBatches: run)
        }
        return View(generation: 1, position: .start, holder: 0, members: members)
    }

    @Test("A view that does not hand out the experiment's micro-batches is an error, also for a worker that is alone")
    func ownership() throws {
        for counts in [[9], [7], [Int(UInt32.max)], [4, 5], [4, 3]] {
            var first = 0
            let runs = counts.map { count in
                defer { first += count }
                return first..<first + count
            }
            #expect(throws: OwnershipError.self) { try Self.view(runs).ownership(microBatchCount: 8) }
        }
        let runs = [0..<5, 5..<8]
        #expect(try Self.view(runs).ownership(microBatchCount: 8).runs == [0..<5, 5..<8])
    }

    @Test("an inbox is at the port that the settings name, and a taken port is an error")
    func inboxPort() throws {
        var settings = WorkerSettings(
            coordinatorAddress: "tcp://127.0.0.1:9", name: "w0", threadCount: 1, environment: [:])
        settings.isInsecure = true
        // A port that was free a moment ago.
        let free = try PeerNetwork(ZeroMQContext(), settings: settings).inboxAddress
        let port: UInt16 = try #require(free.split(separator: ":").last.flatMap { UInt16($0) })
        settings.inboxPort = port
        let peers = try PeerNetwork(ZeroMQContext(), settings: settings)
        #expect(peers.inboxAddress == free)
        #expect(throws: (any Error).self) { try PeerNetwork(ZeroMQContext(), settings: settings) }
    }

    @Test(
        "A member with an address that cannot be reached is the one that is lost",
        arguments: [
            "", "nowhere", "inproc://monitor-1", "tcp://127.0.0.1:9", "ipc://\(String(repeating: "a", count: 108))",
        ])
    func address(text: String) throws {
        let folder = try TemporaryFolder()
        let settings = WorkerSettings(
            coordinatorAddress: "ipc://\(folder.path)/c", name: "w0", threadCount: 1, environment: [:])
        let peers = try PeerNetwork(ZeroMQContext(), settings: settings)
        let runs = [0..<8, 8..<8]
        let view = Self.view(runs, inboxes: [peers.inboxAddress, text])
        do {
            _ = try peers.connect(to: view, rank: 0, channel: ComputeChannel())
            Issue.record("a link to nowhere")
        } catch let error as ExchangeError {
            #expect(error.failureKind == .peerLost(rank: 1))
        }
    }
}
