package import Core

/// How far a state is: the rounds that are complete in it, and the steps and epochs among them.
///
/// A round is a training step or an epoch's validation, so rounds distinguish states that have equal step counts.
/// Rounds and steps have 64 bits and are bounded by ``WireLimits/largestNumber``; 32 bits are enough for epochs.
package struct Position: Hashable, Sendable, Comparable {
    package var rounds: UInt64
    package var completedSteps: UInt64
    package var completedEpochs: UInt32

    package init(rounds: UInt64, completedSteps: UInt64, completedEpochs: UInt32) {
        self.rounds = rounds
        self.completedSteps = completedSteps
        self.completedEpochs = completedEpochs
    }

    /// The state before the first step.
    package static let start = Position(rounds: 0, completedSteps: 0, completedEpochs: 0)

    package static func < (left: Position, right: Position) -> Bool {
        left.rounds < right.rounds
    }
}

extension Position: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(rounds)
        writer.integer(completedSteps)
        writer.integer(completedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        rounds = try reader.number("completed rounds")
        completedSteps = try reader.number("completed steps")
        completedEpochs = try reader.integer(UInt32.self, "completed epochs")
        // A grant beyond it has to fit a message too.
        guard max(rounds, completedSteps) <= WireLimits.largestNumber / 2 else { throw .invalid(field: "position") }
    }
}

/// The worker has experiment, data and state, and computes nothing: the answer to WELCOME (generation 0) and to
/// `reconfigure`.
package struct Ready: Sendable, Equatable {
    package var generation: UInt64
    package var position: Position
    package var stateDigest: SHA256Digest

    package init(generation: UInt64, position: Position, stateDigest: SHA256Digest) {
        self.generation = generation
        self.position = position
        self.stateDigest = stateDigest
    }
}

extension Ready: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.value(position)
        writer.digest(stateDigest)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        position = try reader.value(Position.self)
        stateDigest = try reader.digest()
    }
}

/// The links of a view are open, and the worker has the state from which the view starts.
package struct Linked: Sendable, Equatable {
    package var generation: UInt64
    package var stateDigest: SHA256Digest
    /// Whether it exchanges frames with every other member of its host through memory.
    package var sharesMemory: Bool

    package init(generation: UInt64, stateDigest: SHA256Digest, sharesMemory: Bool) {
        self.generation = generation
        self.stateDigest = stateDigest
        self.sharesMemory = sharesMemory
    }
}

extension Linked: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.digest(stateDigest)
        writer.boolean(sharesMemory)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        stateDigest = try reader.digest()
        sharesMemory = try reader.boolean("shares memory")
    }
}

/// Training is over for this worker: all steps are done, or the limit of a stop is reached.
package struct Done: Sendable, Equatable {
    package var generation: UInt64
    package var completedSteps: UInt64
    package var stateDigest: SHA256Digest
    /// False when it ended at a stop with epochs left.
    package var isComplete: Bool

    package init(generation: UInt64, completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool) {
        self.generation = generation
        self.completedSteps = completedSteps
        self.stateDigest = stateDigest
        self.isComplete = isComplete
    }
}

extension Done: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(completedSteps)
        writer.digest(stateDigest)
        writer.boolean(isComplete)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        completedSteps = try reader.number("completed steps")
        stateDigest = try reader.digest()
        isComplete = try reader.boolean("complete")
    }
}
