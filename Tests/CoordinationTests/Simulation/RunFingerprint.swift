import Core

@testable import Coordination

/// A 64-bit fingerprint (FNV-1a) of what a simulated run did: everything that it journalled and recorded, the ends of
/// its processes and the number of its events. It leaves out texts and names of types, so that both may change.
struct RunFingerprint {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            value = (value ^ (word >> UInt64(shift)) & 0xFF) &* 0x100_0000_01B3
        }
    }

    mutating func add(_ number: Int) { add(UInt64(bitPattern: Int64(number))) }

    mutating func add(_ bytes: [UInt8]) {
        add(bytes.count)
        for byte in bytes { add(UInt64(byte)) }
    }

    /// A digest is added as the state that it names.
    mutating func add(_ event: RunEvent, of training: SimulatedTraining) {
        switch event {
        case .view(let view): add(view)
        case .stepDigests(let firstStep, let digests):
            add(2)
            add(firstStep)
            for digest in digests { add(digest) }
        case .epoch(let epoch, let completedSteps, let stateDigest):
            add(3)
            add(UInt64(epoch))
            add(completedSteps)
            add(stateDigest.map { training.words(of: $0) } ?? [])
        case .checkpoint(let completedSteps):
            add(4)
            add(completedSteps)
        case .stopping(let stepLimit):
            add(5)
            add(stepLimit)
        case .ended(let outcome):
            add(6)
            add(Int(outcome.exitCode))
            if case .completed(let completedSteps, let stateDigest) = outcome {
                add(completedSteps)
                add(training.words(of: stateDigest))
            }
        }
    }

    private mutating func add(_ view: View) {
        add(1)
        add(view.generation)
        add(view.position.rounds)
        add(view.holder)
        for member in view.members {
            add(member.rank)
            add(UInt64(member.workerIdentifier))
            add(Array(member.name.utf8))
            add(member.microBatches.lowerBound)
            add(member.microBatches.count)
            add(member.needsState ? 1 : 0)
        }
    }

    mutating func add(_ request: CheckpointRequest) {
        add(7)
        add(request.name.completedSteps)
        add(request.destinations.count)
        add(request.bytes)
    }

    mutating func add(_ recovery: Recovery) {
        add(8)
        add(recovery.generation)
        add(recovery.recoveredMilliseconds &- recovery.noticedMilliseconds)
        add(recovery.redoneMicroBatches)
    }
}
