/// How far a state is: the rounds that are complete in it, and the steps and epochs among them.
///
/// A round is a training step or an epoch's validation, so rounds tell apart what equal step counts do not.
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
