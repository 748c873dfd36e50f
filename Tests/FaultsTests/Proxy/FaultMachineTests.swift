import Testing

@testable import Faults

@Suite("Faults on a stream")
struct FaultMachineTests {
    private static let connection = ConnectionIdentity(route: 1, number: 2, client: nil)

    /// What leaves when messages with these numbers arrive, one a millisecond; with the time in milliseconds of each.
    private func run(
        _ count: UInt8, _ faults: [TrafficFault], heartbeats: Bool = false
    ) -> (numbers: [UInt8], times: [UInt64], counts: FlowCounts) {
        var machine = TrafficFaultMachine(Self.connection, .toTarget)
        var queue = OutputQueue()
        var leaving: (numbers: [UInt8], times: [UInt64]) = ([], [])
        func drain() {
            while let due = queue.dueNanoseconds {
                _ = queue.sendFirst { bytes in
                    for start in stride(from: 0, to: bytes.count, by: 4) where bytes[start] == 0 {
                        leaving.numbers.append(bytes[start + 2])
                        leaving.times.append(due / 1_000_000)
                    }
                    return .bytes(bytes.count)
                }
            }
        }
        for number in 0..<count {
            let now = UInt64(number) * 1_000_000
            if heartbeats {
                _ = machine.pass(StreamPiece(kind: .command, bytes: [4, 2, 0, 0]), faults, now: now, to: &queue)
            }
            let message = StreamPiece(kind: .message, bytes: Wire.frame([number, 0xAA]))
            #expect(machine.pass(message, faults, now: now, to: &queue) == .goOn)
            drain()
        }
        machine.wake([], now: UInt64(count) * 1_000_000, to: &queue)
        drain()
        return (leaving.numbers, leaving.times, machine.takeCounts())
    }

    @Test("Without faults everything passes at once and unchanged")
    func undisturbed() {
        let result = run(50, [])
        #expect(result.numbers == Array(0..<50) && result.times == Array(0..<50))
        #expect(result.counts.messages == 50)
    }

    @Test("The same messages are lost for the same seed, others for another, whatever heartbeats are between them")
    func drop() {
        let fault = TrafficFault(.drop, share: 0.25, seed: 3)
        let first = run(200, [fault])
        #expect(first.counts.dropped == UInt64(200 - first.numbers.count))
        #expect(30...70 ~= first.counts.dropped)
        #expect(run(200, [fault], heartbeats: true).numbers == first.numbers)
        #expect(run(200, [TrafficFault(.drop, share: 0.25, seed: 4)]).numbers != first.numbers)
    }

    @Test("A share of 1 drops all")
    func dropAll() {
        #expect(run(20, [TrafficFault(.drop)]).numbers.isEmpty)
    }

    @Test("A duplicate follows its original")
    func duplicate() {
        let result = run(100, [TrafficFault(.duplicate, share: 0.3)])
        let repeated = zip(result.numbers, result.numbers.dropFirst()).filter { $0 == $1 }.count
        #expect(result.counts.duplicated == UInt64(repeated) && repeated > 10)
        #expect(Set(result.numbers).count == 100 && result.numbers == result.numbers.sorted())
    }

    @Test("A message held back is overtaken by exactly the given number", arguments: [1, 3])
    func reorder(behind: Int) {
        var fault = TrafficFault(.reorder, share: 0.1, milliseconds: 1_000_000)
        fault.behindCount = behind
        let result = run(200, [fault])
        #expect(result.numbers.sorted() == Array(0..<200))
        let late = zip(result.numbers, result.numbers.dropFirst()).filter { $1 + UInt8(behind) == $0 }
        #expect(result.counts.reordered > 5 && late.count >= Int(result.counts.reordered) - 1)
    }

    @Test("A message is not held back beyond its time, nor after reordering has ended")
    func reorderTime() {
        var machine = TrafficFaultMachine(Self.connection, .toTarget)
        var queue = OutputQueue()
        let fault = TrafficFault(.reorder, milliseconds: 5)
        let message = StreamPiece(kind: .message, bytes: Wire.frame([1]))
        _ = machine.pass(message, [fault], now: 0, to: &queue)
        #expect(queue.isEmpty && machine.dueNanoseconds == 5_000_000)
        machine.wake([fault], now: 4_999_999, to: &queue)
        #expect(queue.isEmpty)
        machine.wake([fault], now: 5_000_000, to: &queue)
        #expect(!queue.isEmpty && machine.dueNanoseconds == nil)
        queue.removeAll()
        _ = machine.pass(message, [fault], now: 0, to: &queue)
        machine.wake([], now: 1, to: &queue)
        #expect(!queue.isEmpty)
    }

    @Test("Corruption changes one bit of a body and leaves flags and lengths alone", arguments: 1...50)
    func corrupt(seed: UInt64) {
        var machine = TrafficFaultMachine(Self.connection, .toClient)
        var queue = OutputQueue()
        let original = Wire.frame([UInt8](repeating: 0, count: 3), more: true) + Wire.frame([0, 0], long: true)
        _ = machine.pass(
            StreamPiece(kind: .message, bytes: original), [TrafficFault(.corrupt, seed: seed)], now: 0, to: &queue)
        var bytes: [UInt8] = []
        _ = queue.sendFirst {
            bytes = Array($0)
            return .bytes($0.count)
        }
        let changed = bytes.indices.filter { bytes[$0] != original[$0] }
        #expect(changed.count == 1 && changed.allSatisfy { 2..<5 ~= $0 || 14..<16 ~= $0 })
        #expect(changed.allSatisfy { (bytes[$0] ^ original[$0]).nonzeroBitCount == 1 })
    }

    @Test("A greeting or heartbeat is changed by corrupt-stream only, and never lost or repeated")
    func commands() {
        for kind in [FaultKind.drop, .duplicate, .reorder, .corrupt, .reset, .corruptStream] {
            var machine = TrafficFaultMachine(Self.connection, .toClient)
            var queue = OutputQueue()
            let piece = StreamPiece(kind: .command, bytes: Wire.ping)
            #expect(machine.pass(piece, [TrafficFault(kind)], now: 0, to: &queue) == .goOn)
            var bytes: [UInt8] = []
            _ = queue.sendFirst {
                bytes = Array($0)
                return .bytes($0.count)
            }
            #expect((bytes == Wire.ping) == (kind != .corruptStream) && bytes.count == Wire.ping.count)
        }
    }

    @Test("A delay shifts everything by the same time")
    func delay() {
        #expect(run(5, [TrafficFault(.delay, milliseconds: 7)]).times == [7, 8, 9, 10, 11])
    }

    @Test("A limited bandwidth spaces messages by their length, after a delay too")
    func throttle() {
        var fault = TrafficFault(.throttle)
        // 4 bytes a message: 10 ms each.
        fault.bytesPerSecond = 400
        #expect(run(5, [fault]).times == [10, 20, 30, 40, 50])
        #expect(run(3, [TrafficFault(.delay, milliseconds: 7), fault]).times == [17, 27, 37])
    }

    @Test("A reset breaks the connection at a message")
    func reset() {
        var machine = TrafficFaultMachine(Self.connection, .toTarget)
        var queue = OutputQueue()
        let verdict = machine.pass(
            StreamPiece(kind: .message, bytes: [0, 0]), [TrafficFault(.reset)], now: 0, to: &queue)
        #expect(verdict == .reset && queue.isEmpty)
    }
}
