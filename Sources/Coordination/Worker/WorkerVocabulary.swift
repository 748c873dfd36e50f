package import Core

/// What a worker's machine is started with.
package struct WorkerConfiguration: Sendable {
    package var hello: Hello
    package var helloIntervalMilliseconds: UInt64 = 1000
    /// How long the answer to HELLO may take.
    package var greetingDeadlineMilliseconds: UInt64 = 60_000
    /// How long a worker that failed waits for the decision of a coordinator that knows it.
    package var failureDeadlineMilliseconds: UInt64 = 30_000
    /// Content chunks requested at a time.
    package var requestedChunkCount = 16
    /// Chunks of state that may be unacknowledged at a time.
    package var stateWindowChunkCount = 16

    package init(hello: Hello) {
        self.hello = hello
    }
}

/// What the worker's driver does next, in the order given.
package enum WorkerAction: Sendable, Equatable {
    case send(WorkerMessage)
    /// Passes a command to the compute thread.
    case compute(ComputeCommand)
    /// Ends a blocked exchange or computation at once.
    case interruptCompute
    /// Shows a line to the user.
    case note(String)
    /// Ends the process.
    case exit(code: Int32, reason: String)
}

/// What the control thread asks of the compute thread, in order.
package enum ComputeCommand: Sendable, Equatable {
    /// Read the experiment and look for its data; answered by `experimentLoaded` or `failed`.
    case loadExperiment(Welcome, job: JobIdentifier)
    /// Chunks of this content follow.
    case expectContent(ContentDescription)
    /// Store a checked chunk at `offset`.
    case storeContent(ContentIdentifier, offset: Int, bytes: [UInt8])
    /// All content is there: build data set, model and state; answered by `prepared` or `failed`.
    case prepare
    /// The membership changes: end what runs, keep the state; answered by `quiesced`.
    case quiesce
    /// Connect to the members, and receive the state if this worker needs it; answered by `linked` or `failed`.
    case enterView(View)
    /// Steps below the limit may be started.
    case extendGrant(stepLimit: UInt64)
    /// Compute until `stepLimit` steps are complete, then stop: rank 0 serializes its state, all report `finished`.
    case stopAt(stepLimit: UInt64)
    /// Serialize the state between two steps; answered by `stateSerialized`.
    case serializeState(StatePurpose)
    /// No coordinator leads the run any more: save a rescue checkpoint in this worker's own folder; answered by
    /// `stateSaved`.
    case saveState
    /// End the thread.
    case leave
}

/// What the compute thread reports to the control thread.
package enum ComputeReport: Sendable, Equatable {
    /// The experiment is read; `missing` names the data sets that this host does not have.
    case experimentLoaded(missing: [SHA256Digest])
    /// Data set, model and state are ready.
    case prepared(Position, stateDigest: SHA256Digest)
    /// Nothing runs any more, as `quiesce` asked.
    case quiesced(Position, stateDigest: SHA256Digest)
    /// All links of that view are up, and the state is the one from which it starts.
    case linked(Linked)
    /// An epoch ended, or was found in a state that this worker received.
    case epochEnded(EpochEnded)
    /// A state was serialized and goes to the coordinator.
    case stateSerialized(StateName, bytes: [UInt8])
    /// Every epoch is done (`isComplete`), or the stop limit is reached.
    case finished(completedSteps: UInt64, stateDigest: SHA256Digest, isComplete: Bool)
    /// A rescue checkpoint is at `path`; nil when it could not be written.
    case stateSaved(path: String?)
    /// The compute thread cannot continue.
    case failed(WorkerFailure.Kind, message: String)
}
