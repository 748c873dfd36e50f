/// Every deadline and interval of a coordinator, in milliseconds.
package struct CoordinatorTiming: Sendable, Equatable {
    package var heartbeatIntervalMilliseconds: UInt64 = 250
    package var localSilenceMilliseconds: UInt64 = 1500
    package var remoteSilenceMilliseconds: UInt64 = 1900
    /// A worker that hears nothing from the coordinator for that long looks for a successor.
    package var coordinatorSilenceMilliseconds: UInt64 = 2000
    /// And ends when it found none for that long.
    package var successorMilliseconds: UInt64 = 60_000
    /// How long after its start a successor waits for the rest of the predecessor's workers, once one has come.
    package var attachMilliseconds: UInt64 = 3000
    /// How long the place of a child that ended is kept before the run starts without it.
    package var replacementMilliseconds: UInt64 = 7000
    /// A link that breaks twice within that time puts one of the two out for as long.
    package var linkProbationMilliseconds: UInt64 = 60_000
    /// A gap between ticks above this means that the coordinator itself was late.
    package var lateTickMilliseconds: UInt64 = 250
    package var gatheringDeadlineMilliseconds: UInt64 = 120_000
    /// For loading data and state, and for connecting peers.
    package var preparationDeadlineMilliseconds: UInt64 = 600_000
    package var waitingMessageIntervalMilliseconds: UInt64 = 10_000
    /// A worker that speaks but gets nothing done for that long is stuck.
    package var stepDeadlineMilliseconds: UInt64 = 120_000
    /// How long a better explanation may take to arrive after a peer's report or an exit with a code.
    package var confirmationMilliseconds: UInt64 = 100
    /// Grants reach about that far ahead.
    package var grantAheadMilliseconds: UInt64 = 1000
    /// How long workers have to leave once they are told to.
    package var farewellMilliseconds: UInt64 = 2000
    /// How long a diverged worker has to deliver its state.
    package var salvageMilliseconds: UInt64 = 20_000
    package var checkpointRetryMilliseconds: UInt64 = 1000

    package init() {}
}
