import Core
import TestSupport

@testable import Coordination

/// The training that simulated workers pretend to do.
///
/// A state is a hash of everything that went into it: it is right only when every micro-batch of every round entered it
/// exactly once, computed from the state before. A round is a training step, or the validation after an epoch's last step.
struct SimulatedTraining {
    let microBatchCount: Int
    let stepsPerEpoch: UInt64
    let epochs: UInt64
    /// The states of an undisturbed run, by rounds.
    let states: [UInt64]

    init(microBatchCount: Int, stepsPerEpoch: UInt64, epochs: UInt64) {
        self.microBatchCount = microBatchCount
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
        var states: [UInt64] = [Self.mix(42)]
        for round in 0..<epochs * (stepsPerEpoch + 1) {
            let state = states[Int(round)]
            let sum = Self.sum(0..<microBatchCount, of: round, from: state)
            states.append(Self.next(state, sum))
        }
        self.states = states
    }

    var roundCount: UInt64 { UInt64(states.count - 1) }
    var stepCount: UInt64 { stepsPerEpoch * epochs }

    func position(_ rounds: UInt64) -> Position {
        let epochs = rounds / (stepsPerEpoch + 1)
        let steps = epochs * stepsPerEpoch + rounds % (stepsPerEpoch + 1)
        return Position(rounds: rounds, completedSteps: steps, completedEpochs: UInt32(epochs))
    }

    /// Whether the round after so many is a validation.
    func isValidation(_ rounds: UInt64) -> Bool { rounds % (stepsPerEpoch + 1) == stepsPerEpoch }

    /// What micro-batches contribute to a round.
    static func sum(_ microBatches: Range<Int>, of round: UInt64, from state: UInt64) -> UInt64 {
        microBatches.reduce(0) { $0 &+ mix(state &+ mix(round &* 64 &+ UInt64($1))) }
    }

    static func next(_ state: UInt64, _ sum: UInt64) -> UInt64 { mix(state ^ mix(sum)) }

    private static func mix(_ value: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: value)
        return generator.next()
    }

    // MARK: What the coordinator sees of it

    /// The end of an epoch (from 1), as a worker reports it that has this state right after it, or one that reads it later.
    func report(_ epoch: UInt64, state: UInt64?) -> EpochEnded {
        EpochEnded(
            epoch: UInt32(epoch), completedSteps: epoch * stepsPerEpoch, row: row(epoch),
            stateDigest: state.map { Self.digest($0) }, bestImproved: bestImproved(epoch))
    }

    func row(_ epoch: UInt64) -> [UInt8] { Array("row \(epoch)".utf8) }

    func bestImproved(_ epoch: UInt64) -> Bool { epoch % 2 == 1 }

    static func digest(_ state: UInt64) -> SHA256Digest {
        let words = (0..<4).map { state &+ UInt64($0) }
        guard let digest = SHA256Digest(bytes: words.flatMap { littleEndian($0) }) else {
            preconditionFailure("four words make a digest")
        }
        return digest
    }

    /// A serialized state of at least 16 bytes.
    static func bytes(rounds: UInt64, state: UInt64, count: Int) -> [UInt8] {
        littleEndian(rounds) + littleEndian(state) + [UInt8](repeating: 7, count: max(0, count - 16))
    }

    static func read(_ bytes: [UInt8]) -> (rounds: UInt64, state: UInt64) {
        func word(_ offset: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) } }
        return (word(0), word(8))
    }

    private static func littleEndian(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
}
