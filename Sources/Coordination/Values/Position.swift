/// How far a state is: the rounds that are complete in it, and the steps and epochs among them.
///
/// A round is a training step or an epoch's validation, so rounds tell apart what equal step counts do not.
public struct Position: Hashable, Sendable, Comparable {
    public var rounds: UInt64
    public var completedSteps: UInt64
    public var completedEpochs: UInt32

    public init(rounds: UInt64, completedSteps: UInt64, completedEpochs: UInt32) {
        self.rounds = rounds
        self.completedSteps = completedSteps
        self.completedEpochs = completedEpochs
    }

    /// The state before the first step.
    public static let start = Position(rounds: 0, completedSteps: 0, completedEpochs: 0)

    public static func < (left: Position, right: Position) -> Bool {
        left.rounds < right.rounds
    }
}
