import Coordination

/// What a worker that was started by hand shows of its run: for whom it waits, what it takes part as, what it lost.
/// Lines without the worker's name; nil where nothing changed for the user.
struct WorkerNotices {
    private let coordinatorAddress: String
    private let inboxAddress: String
    private var isAdmitted = false
    private var isConnected = false
    /// Its place in the last view that was shown.
    private var place: Place?

    private struct Place: Equatable {
        var rank: Int
        var ownerCount: Int
        var isLearner: Bool
    }

    init(coordinatorAddress: String, inboxAddress: String) {
        self.coordinatorAddress = coordinatorAddress
        self.inboxAddress = inboxAddress
    }

    /// At the start.
    var waiting: String { "waiting for the coordinator at \(coordinatorAddress)" }

    /// Beside the service's name: what the compute thread does, once there is a run.
    func status(phase: WorkerPhase, completedSteps: UInt64) -> String {
        isAdmitted ? "\(phase), after step \(completedSteps)" : waiting
    }

    /// The connection to the coordinator was made or broke.
    mutating func connectionChanged(isConnected: Bool) -> String? {
        guard isAdmitted, isConnected != self.isConnected else {
            self.isConnected = isConnected
            return nil
        }
        self.isConnected = isConnected
        return isConnected
            ? "connected to the coordinator again"
            : "lost the coordinator: waiting for it, or for a successor at \(coordinatorAddress)"
    }

    /// The compute thread received a command.
    mutating func commanded(_ command: ComputeCommand) -> String? {
        switch command {
        case .loadExperiment:
            isAdmitted = true
            return "admitted by the coordinator at \(coordinatorAddress): loading the experiment and its data"
        case .enterView(let view): return entered(view)
        default: return nil
        }
    }

    private mutating func entered(_ view: View) -> String? {
        guard let member = view.members.first(where: { $0.inboxAddress == inboxAddress }) else { return nil }
        let new = Place(rank: member.rank, ownerCount: view.ownerCount, isLearner: member.isLearner)
        guard new != place else { return nil }
        place = new
        return new.isLearner
            ? "joined as a learner: catching up after step \(view.position.completedSteps)"
            : "computing as worker \(new.rank + 1) of \(new.ownerCount) after step \(view.position.completedSteps)"
    }
}
