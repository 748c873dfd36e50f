import Glibc

/// Runs a coordinator and its workers as child processes on this host, and keeps them running.
///
/// Workers and coordinators that die are started again, each at most `restartLimit` times an hour; who is stopped or
/// frozen by a signal is killed first. It tells the coordinator on its standard input, one line each, about workers that
/// started, ended or stopped. The first SIGINT, SIGTERM or SIGHUP is passed on to the coordinator (finish the step,
/// checkpoint), the second ends everything. When the run has ended, the workers' pipes are closed, and they get
/// `graceMilliseconds` to follow before they are killed.
package struct LocalSupervisor {
    /// What a coordinator is started with.
    package struct CoordinatorStart {
        /// Where it listens.
        package let address: String
        /// The file in which it leaves the path of its run directory.
        package let announcementFile: String
        /// Whether it takes the place of a coordinator that died.
        package let isSuccessor: Bool
        /// The run directory that the one before it announced; nil when it announced none.
        package let announcedRun: String?
        /// Workers that run or will run: less than at first when some are not started again.
        package let workerCount: Int
    }

    package var executable: String
    package var workerCount: Int
    package var environment: [String: String]
    package var coordinatorArguments: (CoordinatorStart) -> [String]
    /// Arguments of a worker, given the address where it meets the coordinator.
    package var workerArguments: (_ address: String, _ index: Int) -> [String]
    /// Takes lines for the user.
    package var note: (String) -> Void
    /// Called with the folder of the sockets before any process starts, with the signals of `run` blocked.
    package var prepare: (_ folder: String) throws(LaunchError) -> Void = { _ in }
    /// Restarts of the coordinator and of each worker within an hour.
    package var restartLimit = 3
    package var graceMilliseconds: UInt64 = 3000

    package init(
        executable: String, workerCount: Int, environment: [String: String],
        coordinatorArguments: @escaping (CoordinatorStart) -> [String],
        workerArguments: @escaping (_ address: String, _ index: Int) -> [String],
        note: @escaping (String) -> Void
    ) {
        self.executable = executable
        self.workerCount = workerCount
        self.environment = environment
        self.coordinatorArguments = coordinatorArguments
        self.workerArguments = workerArguments
        self.note = note
    }

    /// Runs until the coordinator and all workers have ended. Call it on the main thread, before any other thread starts:
    /// signals are taken synchronously. Throws when the processes cannot be started.
    package func run() throws(LaunchError) -> SupervisorOutcome {
        let directory = try PrivateDirectory(environment: environment)
        let signals = SignalWait(signals: [SIGCHLD, SIGINT, SIGTERM, SIGHUP])
        try prepare(directory.path)
        var driver = SupervisorDriver(self, directory: directory.path)
        return try driver.run(signals)
    }
}
