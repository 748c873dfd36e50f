/// What the experiment allows a worker to report: how rounds, steps and epochs belong together, and how large a state
/// can be.
///
/// An epoch has `stepsPerEpoch` steps and then one validation, each of them a round.
package struct RunBounds: Sendable, Equatable {
    package var stepsPerEpoch: UInt64
    package var epochCount: UInt32
    /// Bytes of the longest serialized state.
    package var stateByteLimit: UInt64

    package init(stepsPerEpoch: UInt64, epochCount: UInt32, stateByteLimit: UInt64) {
        precondition(stepsPerEpoch > 0, "an epoch has at least one step")
        self.stepsPerEpoch = stepsPerEpoch
        self.epochCount = epochCount
        self.stateByteLimit = stateByteLimit
    }

    /// Whether training passes through this position.
    func contains(_ position: Position) -> Bool {
        let (epochs, steps) = position.rounds.quotientAndRemainder(dividingBy: stepsPerEpoch + 1)
        return position.completedEpochs == epochs && epochs <= epochCount && (epochs < epochCount || steps == 0)
            && position.completedSteps == epochs * stepsPerEpoch + steps
    }

    /// Whether a state can have this name. After an epoch's last step its validation may be missing.
    func contains(_ name: StateName) -> Bool {
        let (epochs, steps) = name.completedSteps.quotientAndRemainder(dividingBy: stepsPerEpoch)
        guard epochs <= epochCount, epochs < epochCount || steps == 0 else { return false }
        if name.completedEpochs == epochs { return name.purpose != .epochEnd || steps == 0 && epochs > 0 }
        return steps == 0 && epochs > 0 && name.completedEpochs == epochs - 1 && name.purpose != .epochEnd
    }

    /// Whether an epoch ends after so many steps.
    func contains(_ ended: EpochEnded) -> Bool {
        ended.epoch > 0 && ended.epoch <= epochCount && ended.completedSteps == UInt64(ended.epoch) * stepsPerEpoch
    }
}
