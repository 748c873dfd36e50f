import Core

/// A worker's place in the run's views, and how far the present one lets it go.
struct ViewMembership {
    /// The last view that was entered.
    private(set) var view: View?
    /// The highest generation that was announced to this worker.
    private(set) var announcedGeneration: UInt64 = 0
    /// Whether this worker holds a state of the run beyond the one it was started with.
    private(set) var holdsState = false
    /// Steps below it may be started.
    private(set) var stepLimit: UInt64 = 0
    private var stopLimit: UInt64?
    private var rank: Int?
    /// What was answered to the present view once its links were up.
    private(set) var linked: Linked?
    private var linkedGeneration: UInt64 = 0

    /// Whether this worker sends the states that the coordinator saves.
    var isFirst: Bool { rank == 0 }

    /// What a coordinator of the run that does not know this worker has to know.
    func attachment(to job: JobIdentifier) -> Attachment {
        Attachment(job: job, generation: announcedGeneration, holdsState: holdsState)
    }

    enum Announcement {
        case outdated
        /// Announced before.
        case known
        case new
    }

    /// The coordinator announces that it forms a view of this generation.
    mutating func announce(_ generation: UInt64) -> Announcement {
        guard generation >= announcedGeneration else { return .outdated }
        defer { announcedGeneration = generation }
        return generation > announcedGeneration ? .new : .known
    }

    /// Whether the links of this view are up already.
    func isLinked(_ view: View) -> Bool {
        view.generation == self.view?.generation && view.generation == linkedGeneration
    }

    /// Enters a newer view that has a member with this inbox. The address counts, not the identifier: that one may come
    /// from a successor whose welcome was lost. Returns whether the view was entered.
    mutating func enter(_ view: View, inboxAddress: String) -> Bool {
        guard view.generation >= announcedGeneration, view.generation > (self.view?.generation ?? 0),
            let member = view.members.first(where: { $0.inboxAddress == inboxAddress })
        else { return false }
        self.view = view
        rank = member.rank
        holdsState = true
        announcedGeneration = view.generation
        stepLimit = view.position.completedSteps
        stopLimit = nil
        return true
    }

    mutating func link(_ linked: Linked) {
        linkedGeneration = linked.generation
        self.linked = linked
    }

    /// Raises the limit of steps; false when it is not higher, or a stop was ordered.
    mutating func extend(to limit: UInt64) -> Bool {
        guard stopLimit == nil, limit > stepLimit else { return false }
        stepLimit = limit
        return true
    }

    /// Takes the step where training stops; false when one was given before, or steps beyond it may run.
    mutating func stop(at limit: UInt64) -> Bool {
        guard stopLimit == nil, limit >= stepLimit else { return false }
        stopLimit = limit
        stepLimit = limit
        return true
    }
}
