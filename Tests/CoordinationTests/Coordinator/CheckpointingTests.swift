import Core
import Testing

@testable import Coordination

@Suite struct StateCollectorTests {
    private let name = StateName(purpose: .stop, completedSteps: 7, completedEpochs: 0)
    private let state = (0..<WireLimits.chunkByteCount + 10).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    private func chunk(_ index: Int) -> StateChunk {
        let offset = index * WireLimits.chunkByteCount
        let bytes = Array(state[offset..<min(state.count, offset + WireLimits.chunkByteCount)])
        return StateChunk(
            name: name, offset: UInt64(offset), totalByteCount: UInt64(state.count), checksum: CRC32C.checksum(bytes),
            bytes: bytes)
    }

    @Test func `chunks in any order, some twice, give the state once`() {
        var collector = StateCollector()
        #expect(collector.receive(chunk(1), from: 1) == .stored)
        #expect(collector.receive(chunk(1), from: 1) == .ignored)
        #expect(collector.receive(chunk(0), from: 1) == .complete(state))
        #expect(collector.receive(chunk(0), from: 1) == .ignored)
    }

    @Test func `a late chunk of a lost sender does not spoil its successor's state`() {
        var collector = StateCollector()
        #expect(collector.receive(chunk(1), from: 1) == .stored)
        #expect(collector.receive(chunk(0), from: 2) == .stored, "nothing of the other's is taken over")
        #expect(collector.receive(chunk(1), from: 2) == .complete(state))
    }
}
