/// The worker's relation to its coordinator: who leads, whether it knows this worker, and how long it has been silent.
struct CoordinatorLink {
    private static let helloRetryMilliseconds: UInt64 = 250
    /// A gap between ticks of this length means that this process was suspended or starved, not that the coordinator
    /// was.
    private static let lateTickMilliseconds: UInt64 = 1000

    /// What the silence of the coordinator asks for.
    enum Check: Equatable {
        case fine
        /// Send HELLO: the coordinator has been silent, or has not answered the last one.
        case greet
        /// No coordinator and no successor was received from in time.
        case giveUp
    }

    /// How a message's sender relates to the coordinator that leads this worker's run.
    enum Standing: Equatable {
        case leader
        /// A predecessor of the coordinator that leads: it was suspended or cut off, and does not know that another one
        /// leads. The note for the user is nil for most of its messages.
        case deposed(note: String?)
        /// A coordinator of another run at the same address.
        case foreign
    }

    /// The last accepted welcome; nil before the first.
    private(set) var welcome: Welcome?
    /// The coordinator that leads, as far as this worker knows; nil before the first welcome.
    private(set) var leader: CoordinatorIdentity?
    /// Whether the coordinator knows this worker.
    private(set) var isKnown = false
    /// Messages of coordinators that another one has followed.
    private var deposedMessageCount = 0
    private var lastHello: UInt64 = 0
    private var lastSent: UInt64
    private var lastReceived: UInt64
    private var lastTick: UInt64

    init(now: UInt64) {
        lastSent = now
        lastReceived = now
        lastTick = now
    }

    /// A message arrived. A term above the leader's is that of its successor, which leads from now on.
    mutating func received(from sender: CoordinatorIdentity, now: UInt64) -> Standing {
        if let leader {
            guard sender.job == leader.job else { return .foreign }
            guard sender.term >= leader.term else { return .deposed(note: noteDeposed(sender, leader)) }
            self.leader = sender
        }
        if isKnown { lastReceived = now }
        return .leader
    }

    private mutating func noteDeposed(_ sender: CoordinatorIdentity, _ leader: CoordinatorIdentity) -> String? {
        deposedMessageCount += 1
        // Only the 1st, 2nd, 4th, 8th … is noted.
        guard deposedMessageCount.nonzeroBitCount == 1 else { return nil }
        return
            "ignored a message of the coordinator with term \(sender.term): the one with term \(leader.term) leads the run"
            + (deposedMessageCount > 1 ? " (\(deposedMessageCount) so far)" : "")
    }

    /// Takes a welcome of the coordinator that leads. The first one decides which run that is.
    mutating func accept(_ welcome: Welcome, from sender: CoordinatorIdentity, now: UInt64) {
        self.welcome = welcome
        leader = sender
        isKnown = true
        lastReceived = now
    }

    /// HELLO is sent to a coordinator that may not know this worker.
    mutating func greeted(now: UInt64) {
        isKnown = false
        lastHello = now
    }

    mutating func sentProgress(now: UInt64) {
        lastSent = now
    }

    /// Records a tick. After a late one the coordinator's silence is measured anew.
    mutating func tick(now: UInt64) -> Bool {
        defer { lastTick = now }
        return now > lastTick + Self.lateTickMilliseconds
    }

    mutating func restartSilence(now: UInt64) {
        lastReceived = now
    }

    func check(now: UInt64) -> Check {
        guard let welcome else { return .fine }
        let silence = now - min(now, lastReceived)
        if silence >= welcome.settings.successorMilliseconds { return .giveUp }
        let isDue =
            isKnown
            ? silence >= UInt64(welcome.timing.coordinatorSilenceMilliseconds)
            : now >= lastHello + Self.helloRetryMilliseconds
        return isDue ? .greet : .fine
    }

    func isHeartbeatDue(now: UInt64) -> Bool {
        guard let welcome else { return false }
        return now >= lastSent + UInt64(welcome.timing.heartbeatIntervalMilliseconds)
    }
}
