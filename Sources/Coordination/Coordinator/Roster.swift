/// A worker as the coordinator knows it.
struct WorkerRecord {
    let identifier: UInt32
    let connection: ConnectionIdentifier
    let hello: Hello
    let isLocal: Bool
    /// Place in the current view; nil for candidates and spares.
    var rank: Int?
    var lastHeard: UInt64
    /// When it last got something done.
    var lastWorked: UInt64
    var lastHeartbeat: UInt64
    var progress = Progress(generation: 0, completedSteps: 0, phase: .learning, counter: 0)
    var prepared: Ready?
    var linkedGeneration: UInt64 = 0
    var done: Done?
    var isGone = false

    var label: String { rank.map { "worker \($0) ('\(hello.name)')" } ?? "worker '\(hello.name)'" }
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

    /// Indices of the view's members.
    var members: [Int] { workers.indices.filter { workers[$0].rank != nil } }

    /// Indices of present workers that have experiment, data and state.
    var prepared: [Int] { present.filter { workers[$0].prepared != nil } }

    func index(of connection: ConnectionIdentifier) -> Int? {
        workers.firstIndex { $0.connection == connection && !$0.isGone }
    }

    func index(ofLocalProcess processIdentifier: Int32) -> Int? {
        workers.firstIndex { $0.isLocal && $0.hello.processIdentifier == processIdentifier && !$0.isGone }
    }

    func index(ofRank rank: Int) -> Int? {
        workers.firstIndex { $0.rank == rank }
    }

    func index(named name: String) -> Int? {
        workers.firstIndex { $0.hello.name == name && !$0.isGone }
    }

    mutating func add(_ hello: Hello, from connection: ConnectionIdentifier, isLocal: Bool, now: UInt64) -> Int {
        workers.append(
            WorkerRecord(
                identifier: UInt32(workers.count + 1), connection: connection, hello: hello, isLocal: isLocal,
                lastHeard: now, lastWorked: now, lastHeartbeat: now))
        return workers.count - 1
    }

    /// Steps that every member has completed.
    var completedSteps: UInt64 {
        members.map { workers[$0].progress.completedSteps }.min() ?? 0
    }

    /// Nobody is accused for what happened while the coordinator itself was away.
    mutating func restartDeadlines(now: UInt64) {
        for index in workers.indices {
            workers[index].lastHeard = now
            workers[index].lastWorked = now
        }
    }

    /// Present workers by the state that they reported, largest group first.
    func groups(of digest: (WorkerRecord) -> ContentDigest?) -> [Verdict.StateGroup] {
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
