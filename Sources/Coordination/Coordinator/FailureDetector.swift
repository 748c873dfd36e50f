/// Finds lost workers: silence, lack of progress, reports of peers, ends of children. Finds links that break between
/// live workers.
///
/// It decides by time only; the machine decides what follows from a finding.
struct FailureDetector {
    enum Finding: Equatable {
        /// The worker is lost.
        case lost(worker: Int, RunFailure.Cause)
        /// Both workers live, but the link between them broke.
        case linkBroke(reporter: Int, worker: Int, RunFailure.Cause)
    }

    /// A worker that is probably lost, while a better explanation may still arrive.
    private struct Suspicion {
        var worker: Int
        /// The peer that reported it, if one did.
        var reporter: Int?
        var cause: RunFailure.Cause
        /// The generation whose links the report is about.
        var generation: UInt64
        var since: UInt64
        var deadline: UInt64
    }

    /// How long a suspicion is postponed while it is open whether the worker still sends.
    private static let postponementMilliseconds: UInt64 = 25

    private let timing: CoordinatorTiming
    private var suspicions: [Suspicion] = []
    private var brokenLinks = BrokenLinks()
    private var lastTick: UInt64

    init(timing: CoordinatorTiming, now: UInt64) {
        self.timing = timing
        lastTick = now
    }

    // MARK: The coordinator's own lateness

    /// Time passed. Returns by how much the coordinator was late, if it was: then messages may be unread, and no worker
    /// may be blamed. Suspicions then get a new deadline.
    mutating func tick(now: UInt64) -> UInt64? {
        let gap = now - min(now, lastTick)
        lastTick = now
        guard gap > timing.lateTickMilliseconds else { return nil }
        for index in suspicions.indices {
            suspicions[index].deadline = now + timing.confirmationMilliseconds
        }
        return gap
    }

    // MARK: Suspicions

    /// Suspects a worker, and waits a moment for a better explanation: a peer's report or an exit code may arrive
    /// before the cause itself. What a worker's parent saw replaces what a peer reported.
    mutating func suspect(
        _ worker: Int, _ cause: RunFailure.Cause, reporter: Int? = nil, generation: UInt64, now: UInt64
    ) {
        let deadline = now + timing.confirmationMilliseconds
        if let known = suspicions.firstIndex(where: { $0.worker == worker }) {
            // A closed connection and a peer's report confirm each other.
            suspicions[known].deadline = min(suspicions[known].deadline, deadline)
            guard reporter == nil else { return }
            suspicions[known].reporter = nil
            // It explains less than a peer's report, or an exit code.
            if cause != .connectionClosed { suspicions[known].cause = cause }
            return
        }
        let patience = cause == .connectionClosed ? timing.reconnectionMilliseconds : timing.confirmationMilliseconds
        suspicions.append(
            Suspicion(
                worker: worker, reporter: reporter, cause: cause, generation: generation, since: now,
                deadline: now + patience))
    }

    /// A worker whose connection closed has connected again.
    mutating func forgetClosedConnection(of worker: Int) {
        suspicions.removeAll { $0.worker == worker && $0.cause == .connectionClosed }
    }

    mutating func forgetSuspicions(of worker: Int) {
        suspicions.removeAll { $0.worker == worker }
    }

    mutating func forgetSuspicions() {
        suspicions = []
    }

    /// The next suspicion whose time is over and that is confirmed. Call it until it returns nil.
    ///
    /// A worker that a peer reported, but that still sends, has only lost a link. A report is dropped when its reporter
    /// is gone (that explains the broken link), or when the generation has changed (its links are new).
    mutating func nextFinding(in roster: Roster, generation: UInt64, now: UInt64) -> Finding? {
        while let index = suspicions.firstIndex(where: { now >= $0.deadline }) {
            let suspicion = suspicions.remove(at: index)
            guard !roster[suspicion.worker].isGone else { continue }
            guard let reporter = suspicion.reporter else { return .lost(worker: suspicion.worker, suspicion.cause) }
            guard suspicion.generation == generation, !roster[reporter].isGone else { continue }
            let lastReceived = roster[suspicion.worker].lastReceived
            if lastReceived > suspicion.since {
                return .linkBroke(reporter: reporter, worker: suspicion.worker, suspicion.cause)
            }
            guard now < lastReceived + timing.doubtfulSilenceMilliseconds else {
                return .lost(worker: suspicion.worker, suspicion.cause)
            }
            var postponed = suspicion
            postponed.deadline = now + Self.postponementMilliseconds
            suspicions.append(postponed)
        }
        return nil
    }

    // MARK: Silence and lack of progress

    /// Present workers that sent nothing within their deadline, longest silence first.
    func silentWorkers(in roster: Roster, now: UInt64) -> [(worker: Int, deadlineMilliseconds: UInt64)] {
        roster.present.sorted { roster[$0].lastReceived < roster[$1].lastReceived }.compactMap { worker in
            let deadline = timing.silenceMilliseconds(isLocal: roster[worker].isLocal)
            return now >= roster[worker].lastReceived + deadline ? (worker, deadline) : nil
        }
    }

    /// The worker among `candidates` that made no progress for `stepDeadlineMilliseconds` and holds the others up: the
    /// one that is furthest behind, workers that do not wait for peers first.
    func unresponsiveWorker(among candidates: [Int], in roster: Roster, now: UInt64) -> Int? {
        func order(_ worker: Int) -> (Int, UInt64, UInt64) {
            let (progress, lastProgressed) = (roster[worker].progress, roster[worker].lastProgressed)
            return (progress.phase == .exchanging ? 1 : 0, progress.completedSteps, lastProgressed)
        }
        return candidates.filter { now >= roster[$0].lastProgressed + timing.stepDeadlineMilliseconds }
            .min { order($0) < order($1) }
    }

    // MARK: Links

    /// A worker that does not compute for a while, because one of its links breaks again and again.
    struct Suspension: Equatable {
        var worker: Int
        var milliseconds: UInt64
    }

    /// Notes that the link between two live workers broke. Returns the worker to be suspended when the same link has
    /// broken before within `linkProbationMilliseconds`: the one with more broken links, then the higher rank.
    mutating func linkBroke(between reporter: Int, and worker: Int, in roster: Roster, now: UInt64) -> Suspension? {
        let pair = (roster[reporter].identifier, roster[worker].identifier)
        guard let milliseconds = brokenLinks.add(pair.0, pair.1, timing, now: now) else { return nil }
        func order(_ index: Int) -> (Int, Int) {
            (brokenLinks.partnerCount(of: roster[index].identifier), roster[index].rank ?? 0)
        }
        return Suspension(worker: order(worker) > order(reporter) ? worker : reporter, milliseconds: milliseconds)
    }
}

/// Links between live workers that broke recently.
private struct BrokenLinks {
    private struct Link {
        let first: UInt32
        let second: UInt32
        /// How often it broke, with no more than `linkProbationMilliseconds` between.
        var count = 0
        /// When it broke last, or when the suspension ends that followed.
        var end: UInt64 = 0

        /// The worker at the other end; nil for one at neither.
        func partner(of worker: UInt32) -> UInt32? { worker == first ? second : worker == second ? first : nil }
    }

    private var links: [Link] = []

    /// Notes a broken link. Returns for how long one of its workers is suspended; nil where the link has not broken
    /// before.
    mutating func add(_ first: UInt32, _ second: UInt32, _ timing: CoordinatorTiming, now: UInt64) -> UInt64? {
        links.removeAll { now >= $0.end + timing.linkProbationMilliseconds }
        let known = links.firstIndex { $0.partner(of: first) == second }
        var link = known.map { links.remove(at: $0) } ?? Link(first: first, second: second)
        defer { links.append(link) }
        link.count += 1
        link.end = now
        guard link.count > 1 else { return nil }
        let doublings = UInt64(min(link.count - 2, 16))
        let milliseconds = min(timing.linkSuspensionMilliseconds << doublings, timing.linkProbationMilliseconds)
        link.end += milliseconds
        return milliseconds
    }

    /// Number of different workers to which the links of this one broke.
    func partnerCount(of worker: UInt32) -> Int {
        links.count { $0.partner(of: worker) != nil }
    }
}
