/// Why a worker sends its serialized state.
package enum StatePurpose: UInt8, Sendable, Hashable, CaseIterable {
    /// An epoch ended.
    case epochEnd = 0
    /// Training stopped inside an epoch because it was interrupted.
    case stop = 1
    /// A value was not finite; this is the state before that step.
    case diverged = 2
    /// Two workers computed different gradients from it; the coordinator finds out who is wrong.
    case audit = 3
    /// Workers hold different states; the coordinator finds out in which tensors.
    case comparison = 4
    /// Too few workers are left to go on; this is what they have come to.
    case remainder = 5
}

/// Names one serialized state.
package struct StateName: Sendable, Hashable {
    package var purpose: StatePurpose
    /// Steps that are complete in it.
    package var completedSteps: UInt64
    /// Epochs that are complete in it.
    package var completedEpochs: UInt32

    package init(purpose: StatePurpose, completedSteps: UInt64, completedEpochs: UInt32) {
        self.purpose = purpose
        self.completedSteps = completedSteps
        self.completedEpochs = completedEpochs
    }
}
