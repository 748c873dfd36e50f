import Coordination

/// What the control thread asks of the compute thread, in order.
enum ComputeCommand: Sendable {
    case loadExperiment(Welcome)
    case expectContent(ContentDescription)
    case storeContent(ContentIdentifier, offset: Int, bytes: [UInt8])
    case prepare
    case enterView(View)
    case extendGrant(stepLimit: UInt64)
    case stopAt(stepLimit: UInt64)
    case serializeState(StatePurpose)
    case leave
}

/// What the compute thread tells the control thread.
enum ComputeReport: Sendable {
    case experimentLoaded(missing: [ContentDigest])
    case prepared(completedSteps: UInt64, stateDigest: ContentDigest)
    case linked(generation: UInt64, completedSteps: UInt64, stateDigest: ContentDigest)
    case epochEnded(EpochReport)
    case stateSerialized(StateName, bytes: [UInt8])
    case finished(completedSteps: UInt64, stateDigest: ContentDigest, isComplete: Bool)
    case failed(WorkerFailure.Kind, message: String)
}

/// An epoch that ended, as this worker derived it.
struct EpochReport: Sendable {
    var epoch: UInt32
    var completedSteps: UInt64
    var row: [UInt8]
    var stateDigest: ContentDigest
    var bestImproved: Bool
}
