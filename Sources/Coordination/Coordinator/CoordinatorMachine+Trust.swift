/// Whose word counts when workers tell how far their states are.
extension CoordinatorMachine {
    /// Whether a worker can be where it says it is: a new one at the start, an owner no further than it was granted.
    func isCredible(_ position: Position, of worker: Int) -> Bool {
        let record = roster[worker]
        if isOwner(worker), let view {
            // A step that ends an epoch is followed by a validation.
            let steps = grantedSteps - view.position.completedSteps
            return position.completedSteps <= grantedSteps && position.rounds <= view.position.rounds + 2 * steps + 1
        }
        let isNew = record.hello.attachment?.holdsState != true && !record.wasMember
        return !isNew || position.rounds <= configuration.start.position.rounds
    }

    /// Whether owners of the view before are among those who stand still. Then their states decide from where the next one
    /// starts; otherwise whoever holds a state helps.
    private var ownersStand: Bool { roster.prepared.contains { isOwner($0) } }

    /// How far the next view is when it starts.
    var decisivePosition: Position? {
        let needsOwner = ownersStand
        return roster.prepared.filter { !needsOwner || isOwner($0) }.compactMap { roster[$0].standing?.position }.max()
    }

    /// Those whose states have to be the same at the same round. A newcomer's own does not matter: it gets another.
    var comparableWorkers: [Int] {
        let needsMember = ownersStand
        return roster.prepared.filter { !needsMember || roster[$0].rank != nil }
    }
}

extension Ready {
    /// Whether the state is the one that another worker has.
    func isAsFar(as other: Ready) -> Bool {
        position.rounds == other.position.rounds && stateDigest == other.stateDigest
    }
}
