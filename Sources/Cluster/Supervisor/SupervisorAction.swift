/// A process that the supervisor starts, and starts again.
enum SupervisedChild: Hashable {
    case coordinator
    case worker(Int)
}

/// What the supervisor's machine asks its driver to do, in this order.
enum SupervisorAction: Equatable {
    /// `workerCount` workers run or will run. A successor takes its predecessor's run up.
    case startCoordinator(isSuccessor: Bool, workerCount: Int)
    case startWorker(Int)
    /// Writes a line to a child's standard input.
    case tell(SupervisedChild, SupervisorNews)
    case send(signal: Int32, SupervisedChild)
    /// Closes the standard input of all workers: nobody leads them any more.
    case hangUpWorkers
    /// Tells the user.
    case note(String)
    /// Ends whatever still runs.
    case finish(SupervisorOutcome)
}
