package import Coordination
package import Experiments
package import Runs
package import Training

/// What a coordinator is started with.
package struct CoordinatorSettings: Sendable {
    package var experiment: Experiment
    /// Where it listens: `tcp://HOST:PORT` or `ipc://PATH`.
    package var listenAddress: String
    /// Training starts with that many workers.
    package var workerCount: Int
    package var runSettings = RunSettings()
    /// So many compute at most, others wait as spares; nil for as many as there are micro-batches.
    package var workerLimit: Int?
    /// Folder with the data set, before the usual places.
    package var data: String?
    package var environment: [String: String]
    package var run: RunRequest
    /// The weights that a new run begins with; nil for random ones.
    package var initialWeights: InitialWeights?
    /// Whether an address that other hosts can reach is allowed without keys.
    package var allowsOpenAddress = false
    /// Whether a supervisor tells on standard input what became of workers, and ends this process by closing it.
    package var isSupervised = false
    /// Whether another coordinator led the run before it under the same supervisor, so that the user knows the run.
    package var isSuccessor = false
    /// Where to leave the path of the run directory once it is locked, for whoever starts a successor.
    package var announcementFile: String?

    package init(
        experiment: Experiment, listenAddress: String, workerCount: Int, environment: [String: String],
        run: RunRequest
    ) {
        self.experiment = experiment
        self.listenAddress = listenAddress
        self.workerCount = workerCount
        self.environment = environment
        self.run = run
    }
}

/// Which run directory training writes to.
package enum RunRequest: Sendable, Equatable {
    /// A new one: at this path, or `runs/NAME-N`.
    case new(path: String?)
    /// An existing one: at this path, or the newest `runs/NAME-N`; from `checkpoint`, or its newest valid one.
    case resume(path: String?, checkpoint: String?)
}

/// What a coordinator shows to whoever watches it. Called on the coordinator's thread.
package protocol CoordinatorObserver: AnyObject {
    /// Everything is prepared; workers may come.
    func prepared(_ run: PreparedRun, listeningOn address: String)
    /// Rank 0's place in the epoch.
    func progressed(_ progress: EpochProgress)
    /// An epoch is agreed on and recorded; `timing` is nil when it ended under another coordinator.
    func recorded(_ row: EpochRow, timing: EpochTiming?)
    /// Something worth a line. `isWarning` when it may need the user's attention.
    func noted(_ text: String, isWarning: Bool)
}

/// How far the running epoch is.
package struct EpochProgress: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Steps of this epoch that are complete.
    package var step: Int
    package var stepsPerEpoch: Int
    package var loss: Double
    package var accuracy: Double
    package var imagesPerSecond: Double
    package var workerCount: Int
}
