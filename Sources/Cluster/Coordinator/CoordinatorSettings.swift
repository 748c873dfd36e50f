package import Coordination
package import Experiments
package import Runs
package import Training
package import Transport

/// What a coordinator is started with.
package struct CoordinatorSettings: Sendable {
    package var experiment: Experiment
    /// Where it listens: `tcp://HOST:PORT` or `ipc://PATH`.
    package var listenAddress: String
    /// Training starts with this number of workers.
    package var workerCount: Int
    package var runSettings = RunSettings()
    /// Most workers that compute; further ones wait as spares. Nil for the number of micro-batches.
    package var workerLimit: Int?
    /// Workers of this host, whose memory is checked; nil for `workerLimit`.
    package var localWorkerCount: Int?
    /// Processes of a launched job that each have a worker, which wait for this coordinator; nil without a launcher.
    package var rankCount: Int?
    /// Folder with the data set, searched instead of the usual places.
    package var data: String?
    package var environment: [String: String]
    package var run: RunRequest
    package var folderPolicy = FolderPolicy()
    /// The weights of a new run; nil for random ones.
    package var initialWeights: InitialWeights?
    /// The keys of this process and of the workers that it admits; nil admits every process that reaches the address.
    package var keys: CoordinatorKeys?
    /// The file with the keys, read again when it changes; nil where they come from elsewhere.
    package var keyFile: String?
    /// Whether an address that other users or hosts can reach is allowed without keys.
    package var isInsecure = false
    /// Whether standard input is a supervisor's pipe: it carries news of workers, and its end ends this process.
    package var isSupervised = false
    /// Whether the observer also receives the details that go to the log.
    package var showsDetails = false
    /// Whether it follows another coordinator of the same supervisor, which has introduced the run to the user.
    package var isSuccessor = false
    /// How long a coordinator without a supervisor waits for other workers when the last one was lost; 0 ends the run.
    package var waitForWorkersSeconds = 0
    /// The file for the path of the run directory, written once the run is locked, for the start of a successor.
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
    /// A new one at `path` that continues from a checkpoint of another: the given file, or the newest valid one of
    /// `source`.
    case copy(path: String, checkpoint: String?, source: String?)
}

/// Receives what a coordinator shows to the user. Called on the coordinator's thread.
package protocol CoordinatorObserver: AnyObject {
    /// The run is prepared; workers may connect.
    func prepared(_ run: PreparedRun, listeningOn address: String)
    /// Rank 0's place in the epoch.
    func progressed(_ progress: EpochProgress)
    /// Steps that rank 0 reported, each once.
    func reduced(_ steps: ReducedSteps)
    /// An epoch is agreed on and recorded; `timing` is nil when it ended under another coordinator.
    func recorded(_ row: EpochRow, timing: EpochTiming?)
    /// A line for the user. `isWarning` when it may need attention.
    func noted(_ text: String, isWarning: Bool)
}

/// Progress within the running epoch.
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
