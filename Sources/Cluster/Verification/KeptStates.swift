import Experiments
import NeuralNetwork
import Runs
import Training

/// A checkpoint of a run and the position of its state.
struct KeptState {
    /// Its path in the run directory, as `checkpoints/last.safetensors`.
    let name: String
    let path: String
    /// Rounds that are finished in it.
    let round: Int
    /// How it differs from what was saved; such a state never starts a replay.
    let problem: String?
}

/// All checkpoints of a run, and the problems of unreadable ones.
struct KeptStates {
    private(set) var states: [KeptState] = []
    private(set) var problems: [String] = []
    /// Whether the run has the checkpoint that every save writes.
    private(set) var hasLast = false

    init(
        of paths: RunPaths, experiment: Experiment, model: Model, schedule: BatchSchedule, journal: RunJournal?
    ) throws {
        guard FileOperations().isDirectory(paths.checkpoints) else { return }
        for file in try FileOperations().list(paths.checkpoints) where file.hasSuffix(".safetensors") {
            let path = "\(paths.checkpoints)/\(file)"
            let name = "checkpoints/\(file)"
            hasLast = hasLast || path == paths.last
            do {
                let contents = try Safetensors(path: path)
                let round = try ReplicatedState(
                    checkpoint: contents, model: model, experiment: experiment, schedule: schedule
                ).progress.round
                let problem = journal?.problem(
                    ofCheckpoint: contents.bytes, completedSteps: schedule.completedSteps(before: round))
                states.append(KeptState(name: name, path: path, round: round, problem: problem))
            } catch {
                problems.append("\(name) cannot be read: \(error)")
            }
        }
        problems += states.compactMap { state in state.problem.map { "\(state.name): \($0)" } }
    }

    /// The newest state with at most `round` finished rounds.
    func newest(upTo round: Int) -> KeptState? {
        states.filter { $0.round <= round && $0.problem == nil }.max { $0.round < $1.round }
    }

    /// The state that has finished the fewest rounds.
    var oldest: KeptState? {
        states.filter { $0.problem == nil }.min { $0.round < $1.round }
    }
}
