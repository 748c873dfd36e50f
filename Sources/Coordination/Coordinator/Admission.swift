import Core

/// Who may join, and how many workers the first view waits for.
struct Admission {
    /// What to do with the HELLO of a worker that is not in the roster.
    enum Decision: Equatable {
        case admit
        case refuse(Refusal)
        /// Do not answer yet; the worker repeats its HELLO.
        case wait
        /// This worker, an index in the roster, has its name or its inbox.
        case contest(worker: Int)
    }

    /// More generations than a coordinator can announce without journalling any.
    private static let generationLead: UInt64 = 1 << 20
    /// The roster keeps every worker. One that trains changes the view, which takes its time; others could join and leave
    /// without end.
    private static let idleDepartureLimit = 16 * WireLimits.workerCount

    private let configuration: CoordinatorConfiguration
    /// Child processes of this host that run.
    private var children: Set<Int32>
    private var lastChildEnd: UInt64?

    init(_ configuration: CoordinatorConfiguration) {
        self.configuration = configuration
        children = Set(configuration.childProcessIdentifiers)
    }

    // MARK: HELLO

    /// Decides about a HELLO.
    func decide(
        _ hello: Hello, in roster: Roster, generation: UInt64, phase: CoordinatorMachine.Phase
    ) -> Decision {
        if let refusal = refusal(of: hello, in: roster, generation: generation, phase: phase) {
            // The successor of this coordinator may want the worker.
            guard case .ending(let ending) = phase, case .failed(let failure) = ending.outcome,
                failure.exitCode == ProcessExitCode.requeue
            else { return .refuse(refusal) }
            return .wait
        }
        return roster.index(conflictingWith: hello).map { .contest(worker: $0) } ?? .admit
    }

    /// Why a process may not join that has the name or the inbox of a worker that is alive.
    func refusal(of hello: Hello, conflictingWith other: WorkerRecord) -> Refusal {
        let isNamesake = other.hello.name == hello.name
        let what = isNamesake ? "named '\(hello.name)'" : "with the inbox \(hello.inboxAddress)"
        return Refusal(
            kind: .duplicate,
            reason: "a worker \(what) has already joined and is alive (pid \(other.hello.processIdentifier), "
                + "host '\(other.hello.host)'): give this one another \(isNamesake ? "name" : "inbox")")
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
        if roster.present.count >= WireLimits.workerCount {
            return Refusal(kind: .tooMany, reason: "\(WireLimits.workerCount) workers have already joined")
        }
        if roster.idleDepartureCount >= Self.idleDepartureLimit {
            return Refusal(
                kind: .tooMany,
                reason: "\(roster.idleDepartureCount) workers have joined and left without training: see the log for "
                    + "their hosts, and start the coordinator again")
        }
        if let reason = InboxReach.problem(of: hello, among: roster.present.map { roster[$0].hello }) {
            return Refusal(kind: .unreachableInbox, reason: reason)
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

    /// Whether the supervisor of this host started the worker's process. Only such a process may be terminated: process
    /// identifiers that workers report may belong to other programs.
    func isRunningChild(_ record: WorkerRecord) -> Bool {
        record.isLocal && children.contains(record.hello.processIdentifier)
    }

    var hasRunningChildren: Bool { !children.isEmpty }

    /// How many workers the first view waits for: fewer than configured when children ended and were not replaced in
    /// time, and without those that are spares because of slow links.
    func awaitedWorkerCount(in roster: Roster, now: UInt64) -> Int {
        let fewest = configuration.settings.minimumWorkerCount
        let wanted = max(fewest, configuration.workerCount - roster.lastSpareCount)
        guard let lastChildEnd, now >= lastChildEnd + configuration.timing.replacementMilliseconds else {
            return wanted
        }
        let joined = Set(roster.present.filter { roster[$0].isLocal }.map { roster[$0].hello.processIdentifier })
        let possible = roster.present.count + children.subtracting(joined).count
        return max(fewest, min(possible, wanted))
    }
}
