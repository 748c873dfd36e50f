import Core

/// A worker as the coordinator knows it.
struct WorkerRecord {
    let identifier: UInt32
    var connection: ConnectionIdentifier
    var hello: Hello
    let isLocal: Bool
    /// Place in the current view; nil for candidates and spares.
    var rank: Int?
    /// Whether it came with a state that it holds from a coordinator before.
    var isAttached: Bool
    var lastHeard: UInt64
    /// When it last got something done.
    var lastWorked: UInt64
    var lastHeartbeat: UInt64
    var progress = Progress(generation: 0, completedSteps: 0, phase: .learning, counter: 0)
    /// How far its state is, while nothing changes it.
    var standing: Ready?
    var linkedGeneration: UInt64 = 0
    var done: Done?
    /// Until then it does not compute: its links break.
    var benchedUntil: UInt64 = 0
    /// Since when it takes much longer than the others; nil while it does not.
    var slowSince: UInt64?
    var isGone = false
    /// Whether it has been a member of a view.
    var wasMember = false

    /// Faults and flags know workers by their names; a rank changes with every view.
    var label: String { "worker '\(hello.name)'" + (rank.map { " (rank \($0))" } ?? "") }
}

/// All workers that ever joined, in the order in which they did.
struct Roster {
    private(set) var workers: [WorkerRecord] = []

    subscript(index: Int) -> WorkerRecord {
        get { workers[index] }
        set { workers[index] = newValue }
    }

    /// Indices of the workers that are still here.
    var present: [Int] { workers.indices.filter { !workers[$0].isGone } }

    /// Indices of the view's members that are still here, learners included.
    var members: [Int] { workers.indices.filter { workers[$0].rank != nil && !workers[$0].isGone } }

    /// Indices of present workers that hold a state of the run, and have to tell how far it is when they regroup.
    var holders: [Int] { present.filter { workers[$0].rank != nil || workers[$0].isAttached } }

    /// Indices of present workers that have experiment, data and a state at rest.
    var prepared: [Int] { present.filter { workers[$0].standing != nil } }

    func index(of connection: ConnectionIdentifier) -> Int? {
        workers.firstIndex { $0.connection == connection && !$0.isGone }
    }

    func index(ofLocalProcess processIdentifier: Int32) -> Int? {
        workers.firstIndex { $0.isLocal && $0.hello.processIdentifier == processIdentifier && !$0.isGone }
    }

    func index(ofRank rank: Int) -> Int? {
        workers.firstIndex { $0.rank == rank && !$0.isGone }
    }

    func index(named name: String) -> Int? {
        workers.firstIndex { $0.hello.name == name && !$0.isGone }
    }

    /// Who has its name or its inbox already.
    func index(ofRival hello: Hello) -> Int? {
        index(named: hello.name)
            ?? workers.firstIndex { $0.hello.inboxAddress == hello.inboxAddress && !$0.isGone }
    }

    mutating func add(_ hello: Hello, from connection: ConnectionIdentifier, isLocal: Bool, now: UInt64) -> Int {
        workers.append(
            WorkerRecord(
                identifier: UInt32(workers.count + 1), connection: connection, hello: hello, isLocal: isLocal,
                isAttached: hello.attachment?.holdsState ?? false, lastHeard: now, lastWorked: now,
                lastHeartbeat: now))
        return workers.count - 1
    }

    /// Nobody is accused for what happened while the coordinator itself was away.
    mutating func restartDeadlines(now: UInt64) {
        for index in workers.indices {
            workers[index].lastHeard = now
            workers[index].lastWorked = now
        }
    }

    /// Workers by the state that they reported, largest group first.
    func groups(of digest: (WorkerRecord) -> SHA256Digest?) -> [Verdict.StateGroup] {
        var groups: [Verdict.StateGroup] = []
        for worker in workers where !worker.isGone {
            guard let digest = digest(worker) else { continue }
            if let index = groups.firstIndex(where: { $0.digest == digest }) {
                groups[index].workers.append(worker.label)
            } else {
                groups.append(Verdict.StateGroup(digest: digest, workers: [worker.label]))
            }
        }
        return groups.sorted { $0.workers.count > $1.workers.count }
    }
}
