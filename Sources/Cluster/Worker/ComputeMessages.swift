import Coordination
import Core

/// What the control thread asks of the compute thread, in order.
enum ComputeCommand: Sendable {
    case loadExperiment(Welcome)
    case expectContent(ContentDescription)
    case storeContent(ContentIdentifier, offset: Int, bytes: [UInt8])
    case prepare
    /// End what runs, and tell how far the state is.
    case regroup
    case enterView(View)
    case extendGrant(stepLimit: UInt64)
    case stopAt(stepLimit: UInt64)
    case serializeState(StatePurpose)
    /// Save the state in the worker's own folder.
    case saveState
    case leave
}

/// What the compute thread tells the control thread.
enum ComputeReport: Sendable {
    case experimentLoaded(missing: [SHA256Digest])
    case prepared(Position, stateDigest: SHA256Digest)
    case regrouped(Position, stateDigest: SHA256Digest)
    case linked(generation: UInt64, stateDigest: SHA256Digest)
    case epochEnded(EpochEnded)
    case stateSerialized(StateName, bytes: [UInt8])
    case finished(completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool)
    case stateSaved(path: String?)
    case failed(WorkerFailure.Kind, message: String)
}
