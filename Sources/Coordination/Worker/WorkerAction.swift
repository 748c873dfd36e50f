/// What the worker's driver does next, in the order given.
package enum WorkerAction: Sendable, Equatable {
    case send(WorkerMessage)
    /// Check the experiment and look for its data; answered by `experimentLoaded` or `failed`.
    case loadExperiment(Welcome)
    /// Chunks of this content follow.
    case expectContent(ContentDescription)
    /// Store a checked chunk at `offset`.
    case storeContent(ContentIdentifier, offset: Int, bytes: [UInt8])
    /// All content is there: build data set, model and state; answered by `prepared` or `failed`.
    case prepare
    /// The membership changes: end what runs, keep the state; answered by `regrouped`.
    case regroup(generation: UInt64)
    /// Connect to the members, and get the state if this one needs it; answered by `linked` or `failed`.
    case enterView(View)
    /// Steps below the limit may be started.
    case extendGrant(stepLimit: UInt64)
    /// Go on until `stepLimit` steps are complete, then stop: rank 0 serializes its state, all report `finished`.
    case stopAt(stepLimit: UInt64)
    /// Serialize the state as it stands between two steps; answered by `stateSerialized`.
    case serializeState(StatePurpose)
    /// No coordinator leads any more: save the state in this worker's own folder; answered by `stateSaved`.
    case saveState
    /// End a blocked exchange or computation.
    case interruptCompute
    /// Leave the process.
    case exit(code: Int32, reason: String)
}
