import Core
import TestSupport

@testable import Coordination

/// The training that simulated workers pretend to do.
///
/// A state is a hash of everything that went into it: it is right only when every micro-batch of every round entered it
/// exactly once, computed from the state before. A round is a training step, or the validation after an epoch's last
/// step.
struct SimulatedTraining {
    let microBatchCount: Int
    let stepsPerEpoch: UInt64
    let epochs: UInt64
    /// Bytes of a serialized state.
    let stateByteCount: Int
    /// The states of an undisturbed run, by rounds.
    let states: [UInt64]
    /// The rounds of the states of an undisturbed run, by digest.
    private let roundsByDigest: [SHA256Digest: Int]

    init(microBatchCount: Int, stepsPerEpoch: UInt64, epochs: UInt64, stateByteCount: Int) {
        self.stateByteCount = stateByteCount
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
        let digests = states.enumerated().map { rounds, state in
            (Self.digest(rounds: UInt64(rounds), state: state, count: stateByteCount), rounds)
        }
        roundsByDigest = Dictionary(digests) { first, _ in first }
    }

    /// What an experiment of this size allows.
    var bounds: RunBounds {
        RunBounds(
            stepsPerEpoch: stepsPerEpoch, epochCount: UInt32(epochs), stateByteLimit: UInt64(max(16, stateByteCount)))
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

    /// The end of an epoch (from 1), as a worker reports it that has this state right after it, or one that reads it
    /// later.
    func report(_ epoch: UInt64, state: UInt64?) -> EpochEnded {
        EpochEnded(
            epoch: UInt32(epoch), completedSteps: epoch * stepsPerEpoch, row: row(epoch),
            stateDigest: state.map { digest(rounds: epoch * (stepsPerEpoch + 1), state: $0) },
            bestImproved: bestImproved(epoch))
    }

    func row(_ epoch: UInt64) -> [UInt8] { Array("row \(epoch)".utf8) }

    func bestImproved(_ epoch: UInt64) -> Bool { epoch % 2 == 1 }

    /// The digest of a serialized state.
    func digest(rounds: UInt64, state: UInt64) -> SHA256Digest {
        Self.digest(rounds: rounds, state: state, count: stateByteCount)
    }

    private static func digest(rounds: UInt64, state: UInt64, count: Int) -> SHA256Digest {
        SHA256Digest(of: bytes(rounds: rounds, state: state, count: count))
    }

    /// The state of an undisturbed run that a digest names, as four words; empty for any other digest.
    func words(of digest: SHA256Digest) -> [UInt8] {
        guard let rounds = roundsByDigest[digest] else { return [] }
        return (0..<4).flatMap { Self.littleEndian(states[rounds] &+ UInt64($0)) }
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
