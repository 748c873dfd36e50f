import Core

/// Who may join, and how many workers the first view waits for.
struct Admission {
    /// What to do with the HELLO of a worker that is not in the roster.
    enum Decision: Equatable {
        case admit
        case refuse(Refusal)
        /// Do not answer yet; the worker repeats its HELLO.
        case wait
    }

    /// More generations than a coordinator can announce without journalling any.
    private static let generationLead: UInt64 = 1 << 20

    private let configuration: CoordinatorConfiguration
    /// Connections of workers whose name or address another one has, and when that was first noticed.
    private var conflicts: [ConnectionIdentifier: UInt64] = [:]
    /// Child processes of this host that run.
    private var children: Set<Int32>
    private var lastChildEnd: UInt64?

    init(_ configuration: CoordinatorConfiguration) {
        self.configuration = configuration
        children = Set(configuration.childProcessIdentifiers)
    }

    // MARK: HELLO

    /// Decides about a HELLO. `end` is the run's outcome when the run is ending; `isLate` is whether the coordinator has not
    /// handled events for a while.
    mutating func decide(
        _ hello: Hello, from connection: ConnectionIdentifier, in roster: Roster, generation: UInt64,
        phase: CoordinatorMachine.Phase, isLate: Bool, now: UInt64
    ) -> Decision {
        guard let refusal = refusal(of: hello, in: roster, generation: generation, phase: phase) else {
            conflicts[connection] = nil
            return .admit
        }
        // The successor of this coordinator may want the worker.
        if case .ending(let ending) = phase, case .failed(let failure) = ending.outcome {
            return failure.exitCode == ProcessExitCode.requeue ? .wait : .refuse(refusal)
        }
        guard refusal.kind == .duplicate, let other = roster.index(conflictingWith: hello),
            isRecent(connection, conflictingWith: roster[other], isLate: isLate, now: now)
        else { return .refuse(refusal) }
        return .wait
    }

    /// Whether a name conflict is so recent that the other worker may be dead without the coordinator having noticed.
    private mutating func isRecent(
        _ connection: ConnectionIdentifier, conflictingWith other: WorkerRecord, isLate: Bool, now: UInt64
    ) -> Bool {
        let timing = configuration.timing
        if conflicts.count >= WireLimits.workerCount { conflicts = [:] }
        // A coordinator that was late may have unread messages of the other worker.
        let since = isLate ? now : conflicts[connection] ?? now
        let isOver =
            now >= since + timing.silenceMilliseconds(isLocal: other.isLocal) + timing.heartbeatIntervalMilliseconds
        conflicts[connection] = isOver ? nil : since
        return !isOver
    }

    /// Restarts the time that a name conflict is tolerated.
    mutating func forgetConflicts() {
        conflicts = [:]
    }

    private func refusal(
        of hello: Hello, in roster: Roster, generation: UInt64, phase: CoordinatorMachine.Phase
    ) -> Refusal? {
        if hello.arithmeticVersion != configuration.arithmeticVersion {
            return Refusal(
                kind: .arithmeticVersion,
                reason: "its arithmetic has version \(hello.arithmeticVersion), this run needs version "
                    + "\(configuration.arithmeticVersion): use the same release on every host")
        }
        if let digest = hello.experimentDigest, digest != configuration.experimentDigest {
            return Refusal(
                kind: .experiment,
                reason: "its experiment has digest \(digest.abbreviated), this run's has "
                    + "\(configuration.experimentDigest.abbreviated)")
        }
        if let job = hello.attachment?.job, job != configuration.job {
            return Refusal(kind: .ended, reason: "it belongs to run \(job), this is run \(configuration.job)")
        }
        if let claimed = hello.attachment?.generation, claimed > generation + Self.generationLead {
            return Refusal(
                kind: .ended,
                reason: "it reports generation \(claimed), this run is in generation \(generation)")
        }
        if phase.refusesWorkers { return Refusal(kind: .ended, reason: "the run is ending") }
        if let index = roster.index(conflictingWith: hello) {
            let other = roster[index].hello
            let what = other.name == hello.name ? "named '\(hello.name)'" : "with the inbox \(hello.inboxAddress)"
            return Refusal(
                kind: .duplicate,
                reason: "a worker \(what) has already joined (pid \(other.processIdentifier), host '\(other.host)')")
        }
        if roster.present.count >= WireLimits.workerCount {
            return Refusal(kind: .tooMany, reason: "\(WireLimits.workerCount) workers have already joined")
        }
        return nil
    }

    // MARK: Children

    mutating func childStarted(processIdentifier: Int32) {
        children.insert(processIdentifier)
    }

    mutating func childEnded(processIdentifier: Int32, now: UInt64) {
        children.remove(processIdentifier)
        lastChildEnd = now
    }

    /// Whether the supervisor of this host started the process. Only such a process may be terminated: process identifiers
    /// that workers report may belong to other programs.
    func isRunningChild(_ processIdentifier: Int32) -> Bool {
        children.contains(processIdentifier)
    }

    var hasRunningChildren: Bool { !children.isEmpty }

    /// How many workers the first view waits for: fewer than configured when children ended and were not replaced in time.
    func awaitedWorkerCount(in roster: Roster, now: UInt64) -> Int {
        guard let lastChildEnd, now >= lastChildEnd + configuration.timing.replacementMilliseconds else {
            return configuration.workerCount
        }
        let joined = Set(roster.present.map { roster[$0].hello.processIdentifier })
        let possible = roster.present.count + children.subtracting(joined).count
        return max(configuration.settings.minimumWorkerCount, min(possible, configuration.workerCount))
    }
}
