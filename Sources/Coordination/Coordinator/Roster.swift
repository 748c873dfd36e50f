import Core

/// A worker as the coordinator knows it. Only ``Roster`` changes it.
struct WorkerRecord {
    /// Unique in this coordinator's term, from 1.
    let identifier: UInt32
    let hello: Hello
    /// Whether the coordinator can name it by its process identifier.
    let isLocal: Bool
    fileprivate(set) var connection: ConnectionIdentifier
    /// Place in the current view; nil for a candidate or a spare.
    fileprivate(set) var rank: Int?
    /// Whether it holds a state from an earlier coordinator and has not been in a view of this one.
    fileprivate(set) var isAttached: Bool
    /// When its last message arrived.
    fileprivate(set) var lastReceived: UInt64
    /// When a message of it last had an effect.
    fileprivate(set) var lastProgressed: UInt64
    /// When the coordinator last sent it a heartbeat, or what serves as one.
    fileprivate(set) var lastHeartbeat: UInt64
    fileprivate(set) var progress = Progress(generation: 0, completedSteps: 0, phase: .learning, counter: 0)
    /// Its last READY, while nothing changes its state.
    fileprivate(set) var ready: Ready?
    /// The last generation in which it reported that its links are open.
    fileprivate(set) var linkedGeneration: UInt64 = 0
    /// Whether its links of that generation to all members of its host go through memory.
    fileprivate(set) var sharesMemory = false
    fileprivate(set) var done: Done?
    /// Until then it does not compute, because its links break or are slow.
    fileprivate(set) var suspendedUntil: UInt64 = 0
    /// The signal that asked it to leave.
    fileprivate(set) var leaving: StopRequest?
    fileprivate(set) var isGone = false
    /// Whether it has been a member of a view.
    fileprivate(set) var wasMember = false

    /// Users and fault plans know workers by name; a rank changes with every view.
    var label: String { "worker '\(hello.name)'" + (rank.map { " (rank \($0))" } ?? "") }

    var labelWithHost: String { "\(label) on '\(hello.host)'" }

    /// Whether it computes only where the others are too few.
    var isLastSpare: Bool { suspendedUntil == .max }

    var isLeaving: Bool { leaving != nil }

    /// Whether half of the time that it has for leaving is over.
    func isLeavingLate(now: UInt64) -> Bool { leaving?.hasUsed(eighths: 4, now: now) ?? false }

    /// Whether it holds a state of the run and has to report its position when the view changes.
    var holdsState: Bool { rank != nil || isAttached }
}

/// All workers that ever joined, in the order of their joining. Workers are named by their index, which never changes.
struct Roster {
    private(set) var workers: [WorkerRecord] = []
    /// Indices of the workers that are still here, in rising order. Every message is searched among them: those that
    /// have left may be many.
    private(set) var present: [Int] = []
    /// Workers that left before any view had them.
    private(set) var idleDepartureCount = 0

    subscript(index: Int) -> WorkerRecord { workers[index] }

    // MARK: Queries

    /// How many workers, here or not, are spares that compute only where the others are too few.
    var lastSpareCount: Int { Set(workers.filter(\.isLastSpare).map(\.hello.name)).count }

    /// Indices of the view's members that are still here, learners included.
    var members: [Int] { present.filter { workers[$0].rank != nil } }

    /// Indices of present workers that hold a state of the run.
    var holders: [Int] { present.filter { workers[$0].holdsState } }

    /// Whether every worker that holds the state has to leave.
    var allHoldersLeave: Bool {
        let holders = holders
        return !holders.isEmpty && holders.allSatisfy { workers[$0].isLeaving }
    }

    /// Indices of present workers that have experiment, data and a state at rest.
    var prepared: [Int] { present.filter { workers[$0].ready != nil } }

    func index(of connection: ConnectionIdentifier) -> Int? {
        present.first { workers[$0].connection == connection }
    }

    func index(ofIdentifier identifier: UInt32) -> Int? {
        present.first { workers[$0].identifier == identifier }
    }

    func index(ofLocalProcess processIdentifier: Int32) -> Int? {
        present.first { workers[$0].isLocal && workers[$0].hello.processIdentifier == processIdentifier }
    }

    func index(ofRank rank: Int) -> Int? {
        present.first { workers[$0].rank == rank }
    }

    func index(of nonce: ProcessNonce) -> Int? {
        present.first { workers[$0].hello.nonce == nonce }
    }

    /// The present worker that already has the name, the inbox address or the inbox key of `hello`.
    func index(conflictingWith hello: Hello) -> Int? {
        present.first { workers[$0].hello.name == hello.name }
            ?? present.first { index in
                let other = workers[index].hello
                let hasSameKey = hello.inboxKey != nil && other.inboxKey == hello.inboxKey
                return hasSameKey || other.inboxAddress == hello.inboxAddress
            }
    }

    /// Workers host by host: the host with the most of them first, then by the order of the first on each.
    func byHost(_ workers: [Int]) -> [Int] {
        var hosts: [HostIdentifier] = []
        var groups: [HostIdentifier: [Int]] = [:]
        for worker in workers {
            let host = self[worker].hello.hostIdentifier
            if groups[host] == nil { hosts.append(host) }
            groups[host, default: []].append(worker)
        }
        let sorted = hosts.enumerated().sorted { left, right in
            let (most, other) = (groups[left.element]?.count ?? 0, groups[right.element]?.count ?? 0)
            return most == other ? left.offset < right.offset : most > other
        }
        return sorted.flatMap { groups[$0.element] ?? [] }
    }

    /// The number of workers on each host. Those of one host follow one another.
    func hostSizes(of workers: [Int]) -> [Int] {
        var sizes: [Int] = []
        var last: HostIdentifier?
        for worker in workers {
            let host = self[worker].hello.hostIdentifier
            if host == last { sizes[sizes.count - 1] += 1 } else { sizes.append(1) }
            last = host
        }
        return sizes
    }

    /// A worker at rest that holds the state with this digest.
    func holder(of digest: SHA256Digest) -> Int? {
        holders.first { workers[$0].ready?.stateDigest == digest }
    }

    /// Whether a local process ever joined, present or not.
    func hasKnown(localProcess processIdentifier: Int32) -> Bool {
        workers.contains { $0.isLocal && $0.hello.processIdentifier == processIdentifier }
    }

    /// Present workers grouped by a digest, largest group first. Workers without a digest are left out.
    func groups(of digest: (WorkerRecord) -> SHA256Digest?) -> [RunFailure.StateGroup] {
        var groups: [RunFailure.StateGroup] = []
        for worker in present.map({ workers[$0] }) {
            guard let digest = digest(worker) else { continue }
            if let index = groups.firstIndex(where: { $0.digest == digest }) {
                groups[index].workers.append(worker.label)
            } else {
                groups.append(RunFailure.StateGroup(digest: digest, workers: [worker.label]))
            }
        }
        return groups.sorted { $0.workers.count > $1.workers.count }
    }

    // MARK: Joining and leaving

    /// Adds a worker and returns its index. `isAttached` is whether it brings a state of the run.
    mutating func add(
        _ hello: Hello, from connection: ConnectionIdentifier, isLocal: Bool, isAttached: Bool, now: UInt64
    ) -> Int {
        workers.append(
            WorkerRecord(
                identifier: UInt32(workers.count + 1), hello: hello, isLocal: isLocal, connection: connection,
                isAttached: isAttached, lastReceived: now, lastProgressed: now, lastHeartbeat: now))
        present.append(workers.count - 1)
        return workers.count - 1
    }

    mutating func reconnect(_ worker: Int, by connection: ConnectionIdentifier) {
        workers[worker].connection = connection
    }

    mutating func remove(_ worker: Int) {
        if !workers[worker].isGone && !workers[worker].wasMember { idleDepartureCount += 1 }
        workers[worker].isGone = true
        present.removeAll { $0 == worker }
    }

    mutating func setLeaving(_ worker: Int, _ request: StopRequest) {
        workers[worker].leaving = request
    }

    /// Keeps a worker out of the next views until `time`, where others can take its place.
    mutating func suspend(_ worker: Int, until time: UInt64) {
        workers[worker].suspendedUntil = time
    }

    /// Keeps a worker out of all next views where others can take its place.
    mutating func makeLastSpare(_ worker: Int) {
        suspend(worker, until: .max)
    }

    // MARK: Signs of life

    mutating func noteMessage(from worker: Int, now: UInt64) {
        workers[worker].lastReceived = now
    }

    mutating func noteProgress(of worker: Int, now: UInt64) {
        workers[worker].lastProgressed = now
    }

    mutating func noteHeartbeat(to worker: Int, now: UInt64) {
        workers[worker].lastHeartbeat = now
    }

    /// Restarts the deadlines of every worker: the coordinator itself was late.
    mutating func restartDeadlines(now: UInt64) {
        for index in workers.indices {
            workers[index].lastReceived = now
            workers[index].lastProgressed = now
        }
    }

    // MARK: Reports

    /// Keeps a progress report unless it is older than the last one. Returns whether it was kept. A member's completed
    /// steps never decrease.
    mutating func update(_ worker: Int, _ progress: Progress, now: UInt64) -> Bool {
        let known = workers[worker].progress
        guard progress.counter >= known.counter else { return false }
        workers[worker].progress = progress
        if workers[worker].rank != nil {
            workers[worker].progress.completedSteps = max(known.completedSteps, progress.completedSteps)
        }
        if progress.counter > known.counter { workers[worker].lastProgressed = now }
        return true
    }

    mutating func setReady(_ worker: Int, _ ready: Ready) {
        workers[worker].ready = ready
    }

    /// The worker's links of a view are open, and its state is complete up to `completedSteps`.
    mutating func setLinked(_ worker: Int, generation: UInt64, completedSteps: UInt64, sharesMemory: Bool = false) {
        workers[worker].linkedGeneration = generation
        workers[worker].sharesMemory = sharesMemory
        workers[worker].progress.completedSteps = completedSteps
    }

    mutating func setDone(_ worker: Int, _ done: Done, now: UInt64) {
        workers[worker].done = done
        workers[worker].lastProgressed = now
        workers[worker].progress.completedSteps = max(workers[worker].progress.completedSteps, done.completedSteps)
    }

    // MARK: Views

    /// A worker that holds a state is asked for its position in a new generation.
    mutating func beginReconfiguration(of worker: Int, now: UInt64) {
        workers[worker].ready = nil
        workers[worker].lastProgressed = now
        workers[worker].lastHeartbeat = now
    }

    /// Makes `members` the members of a new view, by rank; all others become spares.
    mutating func enterView(_ members: [Int], now: UInt64) {
        for worker in present {
            workers[worker].rank = nil
            workers[worker].isAttached = false
            workers[worker].done = nil
        }
        for (rank, worker) in members.enumerated() {
            workers[worker].rank = rank
            workers[worker].wasMember = true
            workers[worker].ready = nil
            workers[worker].linkedGeneration = 0
            workers[worker].lastProgressed = now
            workers[worker].lastHeartbeat = now
        }
    }

    /// Training of a view starts: all members count as being at its position.
    mutating func startTraining(completedSteps: UInt64, now: UInt64) {
        for worker in members {
            workers[worker].progress.completedSteps = completedSteps
            workers[worker].lastProgressed = now
        }
    }
}
