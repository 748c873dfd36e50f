import Core

/// Generations and views: who is a member, who owns micro-batches, and from which state a view starts.
///
/// Who is present is in the ``Roster``, which is an argument here.
struct Membership {
    /// Members of a view to be made, as indices in the roster.
    struct Choice: Equatable {
        var owners: [Int]
        var learners: [Int]
    }

    private let ownerLimit: Int
    private let minimumOwnerCount: Int
    /// Rounds that are complete in the state from which the run starts.
    private let startRounds: UInt64
    /// The highest generation that was announced.
    private(set) var generation: UInt64
    /// The last view that was sent; nil before the first.
    private(set) var view: View?
    /// The generation of the last view that is durable in the journal.
    private var journalledGeneration: UInt64 = 0
    /// Digest of the state from which the view starts.
    private(set) var viewDigest: SHA256Digest?
    /// The highest generation that a worker received from an earlier coordinator.
    private var reportedGeneration: UInt64 = 0

    init(_ configuration: CoordinatorConfiguration) {
        ownerLimit = configuration.ownerLimit
        minimumOwnerCount = configuration.settings.minimumWorkerCount
        startRounds = configuration.start.position.rounds
        generation = configuration.lastGeneration
    }

    // MARK: Generations

    /// Workers ignore generations below the highest that they have received.
    mutating func startGeneration() {
        generation = max(generation, reportedGeneration) + 1
    }

    mutating func noteReportedGeneration(of hello: Hello) {
        reportedGeneration = max(reportedGeneration, hello.attachment?.generation ?? 0)
    }

    /// Whether a worker received a generation that is above the present one, and would ignore this one.
    var isGenerationOutdated: Bool { reportedGeneration > generation }

    /// The present view once a crash cannot undo it: no member may receive it earlier.
    var journalledView: View? {
        view.flatMap { $0.generation == journalledGeneration ? $0 : nil }
    }

    mutating func noteJournalled(generation: UInt64) {
        journalledGeneration = max(journalledGeneration, generation)
    }

    // MARK: Owners

    /// Whether a worker owns micro-batches in the current view.
    func isOwner(_ record: WorkerRecord) -> Bool {
        guard let rank = record.rank, let view else { return false }
        return !view.members[rank].isLearner
    }

    func owners(in roster: Roster) -> [Int] {
        roster.members.filter { isOwner(roster[$0]) }
    }

    /// Steps that every owner has completed.
    func completedSteps(in roster: Roster) -> UInt64 {
        owners(in: roster).map { roster[$0].progress.completedSteps }.min() ?? 0
    }

    // MARK: Positions

    /// Whether a worker can be at a position: an owner no further than its grant, a new worker no further than the
    /// start.
    func accepts(_ position: Position, of record: WorkerRecord, grantedSteps: UInt64) -> Bool {
        if isOwner(record), let view {
            // A step that ends an epoch is followed by a validation.
            let steps = grantedSteps - view.position.completedSteps
            return position.completedSteps <= grantedSteps && position.rounds <= view.position.rounds + 2 * steps + 1
        }
        let isNew = record.hello.attachment?.holdsState != true && !record.wasMember
        return !isNew || position.rounds <= startRounds
    }

    /// The position from which the next view starts: the furthest of the prepared owners, or of all prepared workers
    /// where no owner is left.
    func furthestPosition(in roster: Roster) -> Position? {
        let needsOwner = hasPreparedOwner(roster)
        return roster.prepared.filter { !needsOwner || isOwner(roster[$0]) }
            .compactMap { roster[$0].ready?.position }.max()
    }

    /// Workers whose states have to be equal at equal rounds: the owners, or all where no owner is left. The state of a
    /// newcomer does not matter: it receives another.
    func comparableWorkers(in roster: Roster) -> [Int] {
        let needsOwner = hasPreparedOwner(roster)
        return roster.prepared.filter { !needsOwner || isOwner(roster[$0]) }
    }

    /// A learner that has reached the owners' round with another state than theirs.
    func wrongLearner(comparedWith state: Ready, in roster: Roster) -> Int? {
        guard hasPreparedOwner(roster) else { return nil }
        return roster.prepared.first { worker in
            guard roster[worker].rank != nil, !isOwner(roster[worker]), let ready = roster[worker].ready else {
                return false
            }
            return ready.position.rounds == state.position.rounds && ready.stateDigest != state.stateDigest
        }
    }

    /// An owner further than the others can have let it get: no round is complete without the contribution of each.
    /// `isAlone` when there is one other owner only, so that either of the two may be wrong. Nil when all positions are
    /// possible.
    func impossiblyFarOwner(in roster: Roster) -> (worker: Int, isAlone: Bool)? {
        guard let view else { return nil }
        let owners = roster.prepared.filter { isOwner(roster[$0]) }
        func rounds(_ worker: Int) -> UInt64 { roster[worker].ready?.position.rounds ?? 0 }
        guard let furthest = owners.max(by: { rounds($0) < rounds($1) }), rounds(furthest) > view.position.rounds,
            let next = owners.filter({ $0 != furthest }).map(rounds).max(), rounds(furthest) > next + 1
        else { return nil }
        return (furthest, owners.count == 2)
    }

    /// The comparable workers at `position`, grouped by the digests of their states.
    func stateGroups(at position: Position, in roster: Roster) -> [RunFailure.StateGroup] {
        let comparable = Set(comparableWorkers(in: roster).map { roster[$0].identifier })
        return roster.groups { record in
            guard comparable.contains(record.identifier) else { return nil }
            return record.ready.flatMap { $0.position.rounds == position.rounds ? $0.stateDigest : nil }
        }
    }

    /// The furthest state at rest, with the digest that most of its holders report; nil where no worker is at rest.
    func furthestState(in roster: Roster) -> Ready? {
        guard let position = furthestPosition(in: roster),
            let digest = stateGroups(at: position, in: roster).first?.digest
        else { return nil }
        return Ready(generation: generation, position: position, stateDigest: digest)
    }

    private func hasPreparedOwner(_ roster: Roster) -> Bool {
        roster.prepared.contains { isOwner(roster[$0]) }
    }

    // MARK: Who may take part next

    /// A prepared worker that may join the view as a learner; nil when there is none or the view is full.
    func newcomer(in roster: Roster, now: UInt64) -> Int? {
        guard roster.members.count < ownerLimit else { return nil }
        return roster.prepared.first { roster[$0].rank == nil && roster[$0].suspendedUntil <= now }
    }

    /// Learners whose links of the current view are open.
    func linkedLearners(in roster: Roster) -> [Int] {
        roster.members.filter { !isOwner(roster[$0]) && roster[$0].linkedGeneration == generation }
    }

    /// A learner that is about as far as the owners: it has applied a step of this view and is at most `lag` steps
    /// behind, the age of a heartbeat.
    func promotableLearner(in roster: Roster, lag: UInt64) -> Int? {
        let (first, completed) = (view?.position.completedSteps ?? 0, completedSteps(in: roster))
        return linkedLearners(in: roster).first { worker in
            let steps = roster[worker].progress.completedSteps
            return steps + lag >= completed && steps > first
        }
    }

    // MARK: A new view

    /// Chooses owners and learners among the prepared workers, each in the order of names, owners host by host. Owners
    /// of the view before stay owners, even when they are a round behind.
    func chooseMembers(from start: Ready, in roster: Roster, now: UInt64) -> Choice {
        let prepared = roster.prepared
        func isUpToDate(_ worker: Int) -> Bool { roster[worker].ready?.hasSameState(as: start) ?? false }
        func wasOwner(_ worker: Int) -> Bool { roster[worker].isAttached || isOwner(roster[worker]) }
        func order(_ worker: Int) -> (Int, Int, String) {
            let name = roster[worker].hello.name
            return (isUpToDate(worker) ? (wasOwner(worker) ? 0 : 1) : 2, name.utf8.count, name)
        }
        func byName(_ left: Int, _ right: Int) -> Bool {
            let (left, right) = (roster[left].hello.name, roster[right].hello.name)
            return (left.utf8.count, left) < (right.utf8.count, right)
        }
        var able = prepared.filter { roster[$0].suspendedUntil <= now }
        if able.count < minimumOwnerCount || !able.contains(where: isUpToDate) { able = prepared }
        able.sort { order($0) < order($1) }
        var owners = Array(able.filter { isUpToDate($0) || wasOwner($0) }.prefix(ownerLimit))
        // With too few owners no step is computed, so newcomers cannot catch up as learners: they become owners at
        // once.
        let lackingCount = max(0, minimumOwnerCount - owners.count)
        owners += able.filter { !owners.contains($0) }.prefix(lackingCount)
        let others = able.filter { !owners.contains($0) }
        let learners = others.prefix(ownerLimit - owners.count)
        return Choice(owners: roster.byHost(owners.sorted(by: byName)), learners: learners.sorted(by: byName))
    }

    /// Makes the view of this generation. `runs` are the owners' micro-batches, by rank; ranks beyond them are
    /// learners.
    mutating func enterView(
        _ choice: Choice, runs: [Range<Int>], from start: Ready, in roster: inout Roster, now: UInt64
    ) -> View {
        let chosen = choice.owners + choice.learners
        let end = runs.last?.upperBound ?? 0
        var hostNumbers: [HostIdentifier: Int] = [:]
        for worker in chosen where hostNumbers[roster[worker].hello.hostIdentifier] == nil {
            hostNumbers[roster[worker].hello.hostIdentifier] = hostNumbers.count
        }
        let members = chosen.enumerated().map { rank, worker in
            let record = roster[worker]
            return Member(
                rank: rank, workerIdentifier: record.identifier, name: record.hello.name, host: record.hello.host,
                hostNumber: hostNumbers[record.hello.hostIdentifier] ?? 0,
                processIdentifier: record.hello.processIdentifier, inboxAddress: record.hello.inboxAddress,
                inboxKey: record.hello.inboxKey,
                microBatches: rank < runs.count ? runs[rank] : end..<end,
                needsState: !(record.ready?.hasSameState(as: start) ?? false))
        }
        guard let holder = members.firstIndex(where: { !$0.needsState }) else {
            preconditionFailure("an owner holds the state from which the view starts")
        }
        roster.enterView(chosen, now: now)
        let view = View(generation: generation, position: start.position, holder: holder, members: members)
        self.view = view
        viewDigest = start.stateDigest
        return view
    }
}

extension Ready {
    /// Whether both report the same state at the same round.
    func hasSameState(as other: Ready) -> Bool {
        position.rounds == other.position.rounds && stateDigest == other.stateDigest
    }
}
