/// A place in the program where a fault can strike; its name is the `phase` of a fault's text.
package enum Failpoint: String, Sendable, CaseIterable {
    // A worker's.
    /// Before it says who it is.
    case hello
    /// Fetching experiment and data.
    case learning
    /// Connecting to the other workers of a view.
    case linking
    /// Before the forward pass of a step.
    case computing
    /// Some gradients of the step were sent.
    case reduceScatter = "reduce-scatter"
    /// Everything was sent, and the sums are awaited.
    case allGather = "all-gather"
    /// The step was applied, and nobody knows yet.
    case updating
    /// In an epoch's validation.
    case validating
    /// Before an epoch's report is sent.
    case serializing
    /// Giving or taking a state.
    case stateTransfer = "state-transfer"
    /// Everything is trained.
    case finishing

    // The coordinator's.
    /// Waiting for workers.
    case gathering
    /// A view stands in the journal and was not sent.
    case view
    /// Before workers may go further.
    case grant
    /// An epoch is agreed on and its row not recorded.
    case epochBefore = "epoch-before"
    /// The row is recorded.
    case epochAfter = "epoch-after"
    /// Before a checkpoint is written.
    case checkpointWrite = "checkpoint-write"
    /// It is written, and the machine does not know.
    case checkpointWritten = "checkpoint-written"
    /// Before a record is appended to the journal.
    case journal
    /// A member is lost, and nobody was told to regroup.
    case regroup
    /// The run is complete, and the workers were not told.
    case ending

    /// Whether workers reach it, rather than the coordinator.
    private var isOfWorkers: Bool {
        switch self {
        case .hello, .learning, .linking, .computing, .reduceScatter, .allGather, .updating, .validating, .serializing,
            .stateTransfer, .finishing:
            true
        case .gathering, .view, .grant, .epochBefore, .epochAfter, .checkpointWrite, .checkpointWritten, .journal,
            .regroup, .ending:
            false
        }
    }

    /// Whether processes of this kind reach it.
    func belongs(to target: FaultTarget) -> Bool {
        isOfWorkers != (target == .coordinator)
    }

    /// The names that a target's faults may give.
    static func names(of target: FaultTarget) -> [String] {
        allCases.filter { $0.belongs(to: target) }.map(\.rawValue)
    }
}
