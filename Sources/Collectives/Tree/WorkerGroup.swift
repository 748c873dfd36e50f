/// Ranks that sum together before they send anything to others: the owners of one host and its learners.
///
/// When all owners are on one host, every rank is a group of its own. A learner on a host without owners is one, too.
/// With groups of one rank each a plan is flat.
package struct WorkerGroup: Sendable, Hashable {
    /// The owners, which follow one another, then the learners.
    package let ranks: [Int]
    /// The number of owners; 0 only for a single learner.
    package let ownerCount: Int
    /// The micro-batches of the owners.
    package let run: Range<Int>

    /// The groups of a view, those with owners first, from left to right.
    ///
    /// Owners of one host form a group only as far as their ranks follow one another: then their micro-batches do, too.
    static func groups(runs: [Range<Int>], ownerCount: Int, hosts: [Int]) -> [WorkerGroup] {
        var spans: [Range<Int>] = []
        for rank in 0..<ownerCount {
            if let last = spans.last, hosts[last.lowerBound] == hosts[rank] {
                spans[spans.count - 1] = last.lowerBound..<rank + 1
            } else {
                spans.append(rank..<rank + 1)
            }
        }
        let isFlat = spans.count == 1
        if isFlat { spans = (0..<ownerCount).map { $0..<$0 + 1 } }
        var ranks = spans.map { Array($0) }
        for learner in ownerCount..<runs.count {
            if !isFlat, let index = spans.firstIndex(where: { hosts[$0.lowerBound] == hosts[learner] }) {
                ranks[index].append(learner)
            } else {
                ranks.append([learner])
            }
        }
        return ranks.enumerated().map { index, ranks in
            guard index < spans.count else { return WorkerGroup(ranks: ranks, ownerCount: 0, run: runs[ranks[0]]) }
            let span = spans[index]
            return WorkerGroup(
                ranks: ranks, ownerCount: span.count,
                run: runs[span.lowerBound].lowerBound..<runs[span.upperBound - 1].upperBound)
        }
    }

    /// The rank that collects what the group sends and receives of one of `pieceCount` pieces: each owner collects as
    /// many as whole numbers allow.
    package func collector(ofPiece piece: Int, of pieceCount: Int) -> Int {
        ranks[piece * ownerCount / pieceCount]
    }

    /// The rank that receives the statistics of an owner of another group, and relays them to the rest of this group.
    package func relay(for owner: Int) -> Int {
        ranks[owner % max(1, ownerCount)]
    }

    /// The other ranks, from the one after `rank` around the ring.
    func others(after rank: Int) -> [Int] {
        guard let place = ranks.firstIndex(of: rank) else { preconditionFailure("the rank belongs to this group") }
        return Array(ranks[(place + 1)...] + ranks[..<place])
    }
}
