/// One worker's place in a view.
package struct Member: Hashable, Sendable {
    /// Place among the members, from 0; equal to its index in the view. Owners come first, then learners.
    package var rank: Int
    package var workerIdentifier: UInt32
    package var name: String
    package var host: String
    package var processIdentifier: Int32
    /// Where its peers reach it.
    package var inboxAddress: String
    /// What it owns; empty for a learner, which receives every sum and contributes none.
    package var microBatches: Range<Int>
    /// Whether it gets the view's first state from the holder.
    package var needsState: Bool

    package init(
        rank: Int, workerIdentifier: UInt32, name: String, host: String, processIdentifier: Int32,
        inboxAddress: String, microBatches: Range<Int>, needsState: Bool = false
    ) {
        self.rank = rank
        self.workerIdentifier = workerIdentifier
        self.name = name
        self.host = host
        self.processIdentifier = processIdentifier
        self.inboxAddress = inboxAddress
        self.microBatches = microBatches
        self.needsState = needsState
    }

    package var isLearner: Bool { microBatches.isEmpty }
}

/// A generation of the membership: who computes what, from which state on.
package struct View: Hashable, Sendable {
    /// Rises with every change of membership; 0 means before the first view.
    package var generation: UInt64
    /// How far the state is from which the view starts.
    package var position: Position
    /// Rank of an owner that has that state, and sends it to those who need it.
    package var holder: Int
    /// By rank. Their micro-batch runs follow one another and cover all of them; learners at the end have empty ones.
    package var members: [Member]

    package init(generation: UInt64, position: Position, holder: Int, members: [Member]) {
        self.generation = generation
        self.position = position
        self.holder = holder
        self.members = members
    }

    /// Members that own micro-batches.
    package var ownerCount: Int { members.count { !$0.isLearner } }
}
