import TestSupport
import Testing

@testable import Faults

@Suite("Faults of frames in memory")
struct MemoryFaultTests {
    private static func frame(_ number: UInt64) -> CopiedFrame {
        CopiedFrame(header: SIMD8(repeating: number), payload: [UInt8(number), 1, 2], isTrusted: true)
    }

    private static func faults(_ fault: TrafficFault) -> MemoryFaults {
        var faults = MemoryFaults()
        faults.incoming = [fault]
        return faults
    }

    /// What is delivered when frames with these numbers arrive, one a millisecond, and all others are due at the end.
    private func run(_ count: UInt64, _ faults: MemoryFaults) -> [CopiedFrame] {
        var machine = MemoryFaultMachine()
        var delivered: [CopiedFrame] = []
        for number in 0..<count {
            machine.take(Self.frame(number), faults, nanoseconds: Int64(number) * 1_000_000)
            while let next = machine.next(faults, nanoseconds: Int64(number) * 1_000_000) { delivered.append(next) }
        }
        while let next = machine.next(MemoryFaults(), nanoseconds: 1 << 50) { delivered.append(next) }
        #expect(machine.isEmpty)
        return delivered
    }

    private static let undisturbed = (0..<200 as Range<UInt64>).map(frame)

    @Test func `without faults every frame is delivered at once and unchanged`() {
        #expect(run(200, MemoryFaults()) == Self.undisturbed)
    }

    @Test func `a share of the frames is lost, the same for the same seed`() {
        let lossy = run(200, Self.faults(TrafficFault(.drop, share: 0.25, seed: 3)))
        #expect(30...70 ~= 200 - lossy.count)
        #expect(run(200, Self.faults(TrafficFault(.drop, share: 0.25, seed: 3))) == lossy)
        #expect(run(200, Self.faults(TrafficFault(.drop, share: 0.25, seed: 4))) != lossy)
    }

    @Test func `a duplicate follows its original`() {
        let delivered = run(200, Self.faults(TrafficFault(.duplicate, share: 0.3)))
        #expect(delivered.count > 230)
        #expect(delivered.map { $0.header[0] } == delivered.map { $0.header[0] }.sorted())
    }

    @Test func `one bit of the announcement changes, and none of the payload`() {
        let delivered = run(200, Self.faults(TrafficFault(.corrupt)))
        for (frame, original) in zip(delivered, Self.undisturbed) {
            #expect(frame.payload == original.payload)
            let changed = frame.header ^ original.header
            #expect((0..<8).reduce(0) { $0 + changed[$1].nonzeroBitCount } == 1)
        }
    }

    @Test func `a frame that is held back is overtaken by the next one`() {
        let numbers = run(200, Self.faults(TrafficFault(.reorder, share: 0.2, milliseconds: 1000))).map { $0.header[0] }
        #expect(numbers.sorted() == Array(0..<200))
        #expect(zip(numbers, numbers.dropFirst()).count { $0 == $1 + 1 } > 10)
    }

    @Test func `delayed frames keep their order and come when they are due`() {
        var machine = MemoryFaultMachine()
        let slow = Self.faults(TrafficFault(.delay, milliseconds: 20))
        machine.take(Self.frame(1), slow, nanoseconds: 0)
        machine.take(Self.frame(2), MemoryFaults(), nanoseconds: 1_000_000)
        #expect(machine.next(slow, nanoseconds: 19_999_999) == nil)
        #expect(machine.next(slow, nanoseconds: 20_000_000) == Self.frame(1))
        #expect(machine.next(slow, nanoseconds: 20_000_000) == Self.frame(2))
    }

    @Test func `a rate spreads frames over time`() {
        var machine = MemoryFaultMachine()
        var slow = TrafficFault(.throttle)
        slow.bytesPerSecond = 67_000
        for number in 0..<3 as Range<UInt64> { machine.take(Self.frame(number), Self.faults(slow), nanoseconds: 0) }
        // 67 bytes a frame: one a millisecond.
        #expect(machine.next(Self.faults(slow), nanoseconds: 999_000) == nil)
        #expect(machine.next(Self.faults(slow), nanoseconds: 1_000_000) == Self.frame(0))
        #expect(machine.next(Self.faults(slow), nanoseconds: 1_999_000) == nil)
        #expect(machine.next(Self.faults(slow), nanoseconds: 3_000_000) == Self.frame(1))
        #expect(machine.next(Self.faults(slow), nanoseconds: 3_000_000) == Self.frame(2))
    }

    @Test func `nothing is delivered while receiving is stopped, and everything afterwards`() {
        var machine = MemoryFaultMachine()
        var stopped = MemoryFaults()
        stopped.stopsReceiving = true
        machine.take(Self.frame(1), stopped, nanoseconds: 0)
        #expect(machine.next(stopped, nanoseconds: 1 << 40) == nil)
        #expect(machine.next(MemoryFaults(), nanoseconds: 1 << 40) == Self.frame(1))
    }

    // MARK: From a plan to the frames

    /// What is in effect on a worker's frames after its plan's only fault was triggered, and when it has ended.
    private func effects(_ text: String, linked: Int64 = 0) throws -> (during: MemoryFaults, after: MemoryFaults) {
        let (folder, watch) = (try TemporaryFolder(), Watch())
        let injector = try #require(
            FaultInjector(try FaultPlan(text: text), target: .worker(1), folder: folder.path, effects: watch.effects))
        #expect(injector.memoryFaults(linkedNanoseconds: linked) == MemoryFaults())
        injector.reach(.computing, step: 7)
        let during = injector.memoryFaults(linkedNanoseconds: linked)
        watch.advance(milliseconds: 50)
        return (during, injector.memoryFaults(linkedNanoseconds: linked))
    }

    @Test(arguments: [FaultKind.drop, .duplicate, .reorder, .corrupt, .delay, .throttle])
    func `a fault of messages concerns frames in memory while it lasts`(kind: FaultKind) throws {
        let (during, after) = try effects("\(kind.rawValue) worker=1 step=7 for=50")
        #expect(during.incoming.map(\.kind) == [kind])
        #expect(after == MemoryFaults())
    }

    @Test func `a partition stops frames in its direction`() throws {
        func stops(_ text: String) throws -> [Bool] {
            let faults = try effects("partition worker=1 step=7 for=50" + text).during
            return [faults.stopsReceiving, faults.stopsSending]
        }
        #expect(try stops("") == [true, true])
        #expect(try stops(" direction=in") == [true, false])
        #expect(try stops(" direction=out") == [false, true])
    }

    @Test func `half-open links carry nothing; links that are made later do`() throws {
        #expect(try effects("half-open worker=1 step=7 for=50").during.stopsReceiving)
        #expect(try effects("half-open worker=1 step=7 for=50", linked: 2_000_000).during == MemoryFaults())
    }
}
