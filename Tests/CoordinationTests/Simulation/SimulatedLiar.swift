import Core
import TestSupport

@testable import Coordination

/// What a worker with bad intentions sends to the coordinator, where it would have sent something else. It knows what
/// an honest worker knows, so its lies are plausible.
final class SimulatedLiar {
    private var generator: SeededGenerator
    /// Lies in a hundred messages.
    private let percent: Int
    private(set) var lieCount = 0
    var isHonest = true

    init(seed: UInt64, percent: Int) {
        generator = SeededGenerator(seed: seed)
        self.percent = percent
    }

    private func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &generator) }

    private func chance(_ percent: Int) -> Bool { number(0...99) < percent }

    func messages(insteadOf message: WorkerMessage) -> [WorkerMessage] {
        guard !isHonest, chance(percent) else { return [message] }
        lieCount += 1
        if chance(10) { return [message, invention(message)] }
        return [lie(insteadOf: message)]
    }

    private func lie(insteadOf message: WorkerMessage) -> WorkerMessage {
        let other = SampleMessages.digest(UInt8(number(0...255)))
        switch message {
        case .progress(var progress):
            if chance(50) { progress.completedSteps += number(1...10_000) } else { progress.generation += 1 }
            return .progress(progress)
        case .reducedSteps(var reduced):
            reduced.firstStep += number(1...10_000)
            return .reducedSteps(reduced)
        case .ready(var ready):
            if chance(50) {
                ready.stateDigest = other
            } else {
                ready.position.rounds += number(1...100)
                if chance(50) { ready.position.completedSteps = ready.position.rounds }
            }
            return .ready(ready)
        case .linked(var linked):
            linked.stateDigest = other
            return .linked(linked)
        case .epochEnded(let ended): return .epochEnded(lie(about: ended, other))
        case .stateChunk(let chunk): return .stateChunk(lie(about: chunk))
        case .done(var done):
            switch number(0...2) {
            case 0: done.stateDigest = other
            case 1: done.isComplete.toggle()
            default: done.completedSteps += 1
            }
            return .done(done)
        case .hello, .contentRequest, .failed, .leaving, .goodbye, .inquiry, .links, .validationCounts: return message
        }
    }

    private func lie(about ended: EpochEnded, _ other: SHA256Digest) -> EpochEnded {
        var ended = ended
        switch number(0...4) {
        case 0: ended.row = Array("row 99".utf8)
        case 1: ended.stateDigest = other
        case 2: ended.bestImproved.toggle()
        case 3: ended.completedSteps += number(1...9)
        default: ended.epoch += UInt32(number(1...3))
        }
        return ended
    }

    private func lie(about chunk: StateChunk) -> StateChunk {
        var chunk = chunk
        switch number(0...4) {
        case 0: chunk.name.completedSteps += number(1...9)
        case 1: chunk.name.completedEpochs += 1
        case 2: chunk.totalByteCount += 1 << 30
        case 3: chunk.name.purpose = .stop
        default:
            chunk.bytes[chunk.bytes.count - 1] ^= 1
            chunk.checksum = CRC32C.checksum(chunk.bytes)
        }
        return chunk
    }

    /// What an honest worker does not send now.
    private func invention(_ message: WorkerMessage) -> WorkerMessage {
        var generation: UInt64 = 0
        if case .progress(let progress) = message { generation = progress.generation }
        let kinds: [WorkerFailure.Kind] = [
            .auditMismatch(
                AuditMismatch(completedSteps: number(0...20), owner: 0, auditor: 1, ownerDigest: 1, auditorDigest: 2)),
            .nonFinite(step: number(0...20), microBatch: 1, what: "the loss"),
            .peerLost(rank: Int(number(0...2))), .internal,
        ]
        let kind = kinds[Int(number(0...3))]
        return .failed(WorkerFailure(generation: generation, kind: kind, message: "a lie"))
    }
}
