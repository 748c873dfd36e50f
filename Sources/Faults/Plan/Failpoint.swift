/// A place in the program where a fault can be triggered; its name is the `phase` of a fault's text.
package enum Failpoint: String, Sendable, CaseIterable {
    // Of workers.
    /// Before the worker sends HELLO.
    case hello
    /// Fetching experiment and data.
    case learning
    /// Connecting to the other workers of a view.
    case linking
    /// Before the forward pass of a step.
    case computing
    /// Some gradients of the step were sent.
    case reduceScatter = "reduce-scatter"
    /// All gradients were sent, and the sums have not arrived.
    case allGather = "all-gather"
    /// A frame is about to be sent to another worker.
    case frameSent = "frame-sent"
    /// A frame of another worker has arrived, and was neither added nor copied.
    case frameReceived = "frame-received"
    /// This worker's part of an update that the workers of a host share is written, and the others were not informed.
    case sharedUpdate = "shared-update"
    /// The step was applied and not reported.
    case updating
    /// During an epoch's validation.
    case validating
    /// Before an epoch's report is sent.
    case serializing
    /// Sending or receiving a state.
    case stateTransfer = "state-transfer"
    /// Training is complete.
    case finishing

    // Of the coordinator.
    /// Waiting for workers.
    case gathering
    /// A view was journalled and not sent.
    case view
    /// Before a grant is sent.
    case grant
    /// The workers agreed on an epoch, and its row is not recorded.
    case epochBefore = "epoch-before"
    /// The row is recorded.
    case epochAfter = "epoch-after"
    /// Before a checkpoint is written.
    case checkpointWrite = "checkpoint-write"
    /// A checkpoint was written, and the machine was not informed.
    case checkpointWritten = "checkpoint-written"
    /// Before a record is appended to the journal.
    case journal
    /// A member was lost, and no reconfiguration was sent.
    case reconfigure
    /// The run is complete, and the workers were not informed.
    case ending

    /// Whether workers reach it, rather than the coordinator.
    private var isOfWorkers: Bool {
        switch self {
        case .hello, .learning, .linking, .computing, .reduceScatter, .allGather, .frameSent, .frameReceived,
            .sharedUpdate, .updating, .validating, .serializing, .stateTransfer, .finishing:
            true
        case .gathering, .view, .grant, .epochBefore, .epochAfter, .checkpointWrite, .checkpointWritten, .journal,
            .reconfigure, .ending:
            false
        }
    }

    /// Whether processes of this kind reach it.
    func belongs(to target: FaultTarget) -> Bool {
        isOfWorkers != (target == .coordinator)
    }

    /// The phases that a fault of the target may have.
    static func names(of target: FaultTarget) -> [String] {
        allCases.filter { $0.belongs(to: target) }.map(\.rawValue)
    }

    /// Whether it is reached at every step or epoch, rather than once or when members change.
    var hasStep: Bool {
        switch self {
        case .computing, .reduceScatter, .allGather, .frameSent, .frameReceived, .sharedUpdate, .updating, .validating,
            .serializing, .grant, .epochBefore, .epochAfter, .checkpointWrite, .checkpointWritten, .journal:
            true
        case .hello, .learning, .linking, .stateTransfer, .finishing, .gathering, .view, .reconfigure, .ending: false
        }
    }
}
