/// The worker's relation to its coordinator: who leads, whether it knows this worker, and how long it has been silent.
struct CoordinatorLink {
    private static let helloRetryMilliseconds: UInt64 = 250
    /// A gap between ticks of this length means that this process was suspended or starved, not that the coordinator was.
    private static let lateTickMilliseconds: UInt64 = 1000

    /// What the silence of the coordinator asks for.
    enum Check: Equatable {
        case fine
        /// Send HELLO: the coordinator has been silent, or has not answered the last one.
        case greet
        /// No coordinator and no successor was received from in time.
        case giveUp
    }

    /// The last accepted welcome; nil before the first.
    private(set) var welcome: Welcome?
    /// Whether the coordinator knows this worker.
    private(set) var isKnown = false
    private var lastHello: UInt64 = 0
    private var lastSent: UInt64
    private var lastReceived: UInt64
    private var lastTick: UInt64

    init(now: UInt64) {
        lastSent = now
        lastReceived = now
        lastTick = now
    }

    /// A message arrived from the coordinator.
    mutating func received(now: UInt64) {
        if isKnown { lastReceived = now }
    }

    /// Takes the first welcome, or a later one of the same job whose term is not lower. Returns whether it was taken.
    mutating func accept(_ welcome: Welcome, now: UInt64) -> Bool {
        if let known = self.welcome {
            guard welcome.job == known.job, welcome.term >= known.term else { return false }
        }
        self.welcome = welcome
        isKnown = true
        lastReceived = now
        return true
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
