/// What a worker is started with.
public struct WorkerSettings: Sendable {
    /// Where the coordinator listens.
    public var coordinatorAddress: String
    /// Unique among the workers of a run.
    public var name: String
    public var threadCount: Int
    /// Folder with the data set, before the usual places.
    public var data: String?
    public var environment: [String: String]
    /// The interface that peers on other hosts reach this worker at; nil: the loopback, or beside the coordinator's socket.
    public var interface: String?
    /// Where the state goes when nobody leads any more; nil keeps none.
    public var stateFolder: String?
    /// Whether an address that other hosts can reach is allowed without keys.
    public var allowsOpenAddress = false
    /// Follows the address of the inbox when it is announced: where a proxy listens for it.
    public var announcedSuffix = ""
    /// Whether the end of standard input ends this process.
    public var isSupervised = false

    public init(
        coordinatorAddress: String, name: String, threadCount: Int, environment: [String: String]
    ) {
        self.coordinatorAddress = coordinatorAddress
        self.name = name
        self.threadCount = threadCount
        self.environment = environment
        stateFolder = EmergencyCheckpoint.folder(environment: environment)
    }
}
