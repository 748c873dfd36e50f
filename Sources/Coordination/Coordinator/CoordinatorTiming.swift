/// Every deadline and interval of a coordinator, in milliseconds.
public struct CoordinatorTiming: Sendable, Equatable {
    public var heartbeatIntervalMilliseconds: UInt64 = 250
    public var localSilenceMilliseconds: UInt64 = 1500
    public var remoteSilenceMilliseconds: UInt64 = 1900
    /// A worker that hears nothing from the coordinator for that long looks for a successor.
    public var coordinatorSilenceMilliseconds: UInt64 = 2000
    /// And ends when it found none for that long.
    public var successorMilliseconds: UInt64 = 60_000
    /// How long after its start a successor waits for the rest of the predecessor's workers, once one has come.
    public var attachMilliseconds: UInt64 = 3000
    /// How long the place of a child that ended is kept before the run starts without it.
    public var replacementMilliseconds: UInt64 = 7000
    /// A link that breaks twice within that time puts one of the two out for as long.
    public var linkProbationMilliseconds: UInt64 = 60_000
    /// A gap between ticks above this means that the coordinator itself was late.
    public var lateTickMilliseconds: UInt64 = 250
    public var gatheringDeadlineMilliseconds: UInt64 = 120_000
    /// For loading data and state, and for connecting peers.
    public var preparationDeadlineMilliseconds: UInt64 = 600_000
    public var waitingMessageIntervalMilliseconds: UInt64 = 10_000
    /// A worker that speaks but gets nothing done for that long is stuck.
    public var stepDeadlineMilliseconds: UInt64 = 120_000
    /// How long a better explanation may take to arrive after a peer's report or an exit with a code.
    public var confirmationMilliseconds: UInt64 = 100
    /// Grants reach about that far ahead.
    public var grantAheadMilliseconds: UInt64 = 1000
    /// How long workers have to leave once they are told to.
    public var farewellMilliseconds: UInt64 = 2000
    /// How long a diverged worker has to deliver its state.
    public var salvageMilliseconds: UInt64 = 20_000
    public var checkpointRetryMilliseconds: UInt64 = 1000

    public init() {}
}
