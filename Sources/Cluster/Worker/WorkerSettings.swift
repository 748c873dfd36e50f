/// What a worker is started with.
package struct WorkerSettings: Sendable {
    /// Where the coordinator listens.
    package var coordinatorAddress: String
    /// Unique among the workers of a run.
    package var name: String
    package var threadCount: Int
    /// Folder with the data set, before the usual places.
    package var data: String?
    package var environment: [String: String]
    /// The interface that peers on other hosts reach this worker at; nil: the loopback, or beside the coordinator's socket.
    package var interface: String?
    /// Where the state goes when nobody leads any more; nil keeps none.
    package var stateFolder: String?
    /// Whether an address that other hosts can reach is allowed without keys.
    package var allowsOpenAddress = false
    /// Follows the address of the inbox when it is announced: where a proxy listens for it.
    package var announcedSuffix = ""
    /// Whether the end of standard input ends this process.
    package var isSupervised = false

    package init(
        coordinatorAddress: String, name: String, threadCount: Int, environment: [String: String]
    ) {
        self.coordinatorAddress = coordinatorAddress
        self.name = name
        self.threadCount = threadCount
        self.environment = environment
        stateFolder = EmergencyCheckpoint.folder(environment: environment)
    }
}
