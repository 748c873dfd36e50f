import Experiments
import NeuralNetwork
import Runs
import Training

/// Reads the progress in checkpoints of one experiment.
struct CheckpointReader {
    let model: Model
    let experiment: Experiment
    let schedule: BatchSchedule

    func progress(of contents: Safetensors) throws(CheckpointError) -> TrainingProgress {
        try ReplicatedState(checkpoint: contents, model: model, experiment: experiment, schedule: schedule).progress
    }
}

/// A run from which a training continues.
enum ContinuedRun {
    case opened(RunDirectory)
    /// Another run, which is only read.
    case other(RunPaths)

    var paths: RunPaths {
        switch self {
        case .opened(let directory): directory.paths
        case .other(let paths): paths
        }
    }

    /// The content of its journal; empty where there is none.
    var journal: RunJournal {
        let journal =
            switch self {
            case .opened(let directory): try? directory.recordedJournal()
            case .other(let paths): try? RunJournal(of: paths)
            }
        return journal ?? RunJournal(records: [])
    }

    /// A checkpoint by its name; nil where it is missing or damaged.
    func checkpoint(_ name: String) -> Safetensors? {
        switch self {
        case .opened(let directory): try? directory.checkpoint(name)
        case .other(let paths): try? Safetensors(path: "\(paths.checkpoints)/\(name)")
        }
    }

    func newestCheckpoint(
        validate: (Safetensors) -> String?
    ) throws(RunDirectoryError) -> FoundCheckpoint {
        switch self {
        case .opened(let directory): try directory.newestCheckpoint(validate: validate)
        case .other(let paths): try RunDirectory.newestCheckpoint(at: paths, validate: validate)
        }
    }
}

/// The checkpoint from which training continues, with its progress.
struct CheckpointChoice {
    let contents: Safetensors
    let progress: TrainingProgress
    let warnings: [String]

    /// The named checkpoint, or the newest one of a run that is complete and unchanged since it was saved.
    init(_ checkpoint: String?, of run: ContinuedRun?, _ reader: CheckpointReader) throws {
        let journal = run?.journal ?? RunJournal(records: [])
        func change(of contents: Safetensors) throws(CheckpointError) -> String? {
            let steps = reader.schedule.completedSteps(before: try reader.progress(of: contents).round)
            return journal.problem(ofCheckpoint: contents.bytes, completedSteps: steps)
        }
        if let checkpoint {
            contents = try Safetensors(path: checkpoint)
            // The journal has digests only of this run's files.
            if let run, checkpoint.hasPrefix(run.paths.checkpoints + "/"), let change = try change(of: contents) {
                throw ClusterError.content("\(checkpoint): \(change); give --resume no file, or another one")
            }
            warnings = []
        } else {
            guard let run else { preconditionFailure("a checkpoint or a run to continue from") }
            let found = try run.newestCheckpoint { contents in
                do {
                    return try change(of: contents)
                } catch {
                    return String(describing: error)
                }
            }
            contents = found.contents
            warnings = found.warnings
        }
        progress = try reader.progress(of: contents)
        let count = progress.rows.count
        guard count <= reader.experiment.epochs else {
            throw ClusterError.content(
                "\(checkpoint ?? run?.paths.run ?? "") has finished \(count) epoch\(count == 1 ? "" : "s"), more than the "
                    + "requested \(reader.experiment.epochs): give --epochs \(count) or more")
        }
    }
}
