import Coordination

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
    case experimentLoaded(missing: [ContentDigest])
    case prepared(Position, stateDigest: ContentDigest)
    case regrouped(Position, stateDigest: ContentDigest)
    case linked(generation: UInt64, stateDigest: ContentDigest)
    case epochEnded(EpochEnded)
    case stateSerialized(StateName, bytes: [UInt8])
    case finished(completedSteps: UInt64, stateDigest: ContentDigest, isComplete: Bool)
    case stateSaved(path: String?)
    case failed(WorkerFailure.Kind, message: String)
}
