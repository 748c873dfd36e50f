/// Processes that introduced themselves with the name or the inbox of a worker that is here already.
///
/// The worker may have died unnoticed, and the process may be its successor. So the worker gets a moment to show that
/// it lives: then the newcomer is refused, otherwise it takes the worker's place.
struct NameClaims {
    enum Finding: Equatable {
        /// The worker that had the name is gone: the process may be admitted.
        case vacant(Hello, ConnectionIdentifier)
        /// The worker has sent nothing for a while: it is lost, then the process may be admitted.
        case abandoned(worker: Int, Hello, ConnectionIdentifier)
        /// The worker lives: the process is refused.
        case taken(worker: Int, Hello, ConnectionIdentifier)
    }

    private struct Claim {
        var hello: Hello
        var connection: ConnectionIdentifier
        /// The worker that has the name or the inbox.
        var worker: Int
        var since: UInt64
    }

    /// Messages that were sent before a process died may be read after its successor's HELLO, but not that much later.
    private let heartbeatMilliseconds: UInt64
    /// A worker that lives is not silent for so long.
    private let patienceMilliseconds: UInt64
    private var claims: [Claim] = []

    init(timing: CoordinatorTiming) {
        heartbeatMilliseconds = timing.heartbeatIntervalMilliseconds
        patienceMilliseconds = timing.doubtfulSilenceMilliseconds
    }

    /// A process claims the name of `worker`. Its repeated HELLO changes nothing.
    mutating func add(_ hello: Hello, from connection: ConnectionIdentifier, against worker: Int, now: UInt64) {
        guard claims.count < WireLimits.workerCount, !claims.contains(where: { $0.connection == connection }) else {
            return
        }
        claims.append(Claim(hello: hello, connection: connection, worker: worker, since: now))
    }

    /// The coordinator was late, so that messages of workers may be unread: all of them get their time again.
    mutating func restart(now: UInt64) {
        for index in claims.indices { claims[index].since = now }
    }

    /// The next claim that is decided. Call it until it returns nil.
    mutating func nextFinding(in roster: Roster, now: UInt64) -> Finding? {
        for (index, claim) in claims.enumerated() {
            guard let finding = finding(about: claim, in: roster, now: now) else { continue }
            claims.remove(at: index)
            return finding
        }
        return nil
    }

    private func finding(about claim: Claim, in roster: Roster, now: UInt64) -> Finding? {
        let record = roster[claim.worker]
        if record.isGone { return .vacant(claim.hello, claim.connection) }
        if record.lastReceived > claim.since + heartbeatMilliseconds {
            return .taken(worker: claim.worker, claim.hello, claim.connection)
        }
        guard now > claim.since, now >= record.lastReceived + patienceMilliseconds else { return nil }
        return .abandoned(worker: claim.worker, claim.hello, claim.connection)
    }
}
