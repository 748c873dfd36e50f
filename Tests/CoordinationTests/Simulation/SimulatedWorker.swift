@testable import Coordination

/// A worker's process: its machine, and a pretended compute thread.
final class SimulatedWorker {
    /// What the compute thread does.
    enum Activity: Equatable {
        case unprepared
        /// It holds a state and does nothing.
        case standing
        case linking
        /// It may not begin the next round yet.
        case waiting
        case computing
        /// It waits for the others' contributions.
        case exchanging
        /// The step is being applied, whole.
        case applying
        case finished
        case failed
    }

    /// One owner's contribution to a round.
    struct FrameKey: Hashable {
        var generation: UInt64
        var round: UInt64
        var rank: Int
    }

    /// The process space of the coordinator and of its children.
    static let localSpace = ProcessSpace(high: 0, low: 0)

    let slot: Int
    let incarnation: Int
    let hello: Hello
    let isRemote: Bool
    let clock: SimulatedClock
    var machine: WorkerMachine
    /// How often its connection to the coordinator was made anew.
    var connectionCount = 0
    var isDead = false
    var exit: (code: Int32, reason: String)?
    var pausedUntil: UInt64 = 0
    /// What a paused process does when it wakes.
    var postponed: [() -> Void] = []
    var hasData = true
    var fetched: [ContentIdentifier: [UInt8]] = [:]

    // The compute thread.
    var activity = Activity.unprepared
    var state: UInt64 = 0
    var rounds: UInt64 = 0
    var view: View?
    var rank = 0
    var peers: [SimulatedWorker?] = []
    var linkedRanks: Set<Int> = []
    var hasState = false
    /// The state from which the view starts.
    var viewState: (rounds: UInt64, state: UInt64) = (0, 0)
    var frames: [FrameKey: UInt64] = [:]
    /// Whether anything was granted in this view.
    var mayCompute = false
    var stopLimit: UInt64?
    /// Rises whenever what the compute thread was doing is no longer to be done.
    var task = 0
    var awaitedSince: UInt64 = 0
    var quiescesAfterApplying = false
    var counter: UInt64 = 0
    var stepMilliseconds: ClosedRange<UInt64>
    /// Of its last round.
    var microBatchNanoseconds: UInt64 = 0
    /// A value that it holds is not the one that was computed; it is not used in further steps.
    var isCorrupt = false

    init(
        slot: Int, incarnation: Int, hello: Hello, isRemote: Bool, clock: SimulatedClock,
        stepMilliseconds: ClosedRange<UInt64>, now: UInt64
    ) {
        self.slot = slot
        self.incarnation = incarnation
        self.hello = hello
        self.isRemote = isRemote
        self.clock = clock
        self.stepMilliseconds = stepMilliseconds
        machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: hello), now: clock.local(now))
    }

    /// The state that it digests and saves.
    var heldState: UInt64 { isCorrupt ? state ^ 1 : state }
    var isHere: Bool { !isDead && exit == nil }
    var name: String { hello.name }

    /// Rank of an owner, in the view that it is in; nil for a learner.
    var isOwner: Bool { view.map { !$0.members[rank].isLearner } ?? false }
}
