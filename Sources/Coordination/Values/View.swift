/// One worker's place in a view.
public struct Member: Hashable, Sendable {
    /// Place among the owners, from 0; equal to its index in the view.
    public var rank: Int
    public var workerIdentifier: UInt32
    public var name: String
    public var host: String
    public var processIdentifier: Int32
    /// Where its peers reach it.
    public var inboxAddress: String
    public var microBatches: MicroBatchRun

    public init(
        rank: Int, workerIdentifier: UInt32, name: String, host: String, processIdentifier: Int32,
        inboxAddress: String, microBatches: MicroBatchRun
    ) {
        self.rank = rank
        self.workerIdentifier = workerIdentifier
        self.name = name
        self.host = host
        self.processIdentifier = processIdentifier
        self.inboxAddress = inboxAddress
        self.microBatches = microBatches
    }
}

/// A generation of the membership: who computes what, from which step on.
public struct View: Hashable, Sendable {
    /// Rises with every change of membership; 0 means before the first view.
    public var generation: UInt64
    /// Number of steps that are complete when the view starts.
    public var firstStep: UInt64
    /// By rank. Their micro-batch runs follow one another and cover all of them.
    public var members: [Member]

    public init(generation: UInt64, firstStep: UInt64, members: [Member]) {
        self.generation = generation
        self.firstStep = firstStep
        self.members = members
    }
}
