import Cluster

/// Where the workers of a training are, when not all of them are plain children of this process on one host.
protocol WorkerPlacement {
    /// Workers of the whole training.
    var size: Int { get }
    /// Workers that this process starts, without spares.
    var childCount: Int { get }
    var coordinatorArguments: [String] { get }

    /// Throws where a training with `workerCount` computing workers and `spares` cannot be placed.
    func check(workerCount: Int, spares: Int) throws

    /// The arguments of a worker that this process starts. `threads` and `data` are what the user chose.
    func workerArguments(_ index: Int, threads: Int?, data: String?) -> [String]

    /// Starts the processes, with `environment` for those of this host.
    func launcher(environment: [String: String]) throws -> any Launcher
}
