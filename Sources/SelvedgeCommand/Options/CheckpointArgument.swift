import Experiments
import Foundation
import NeuralNetwork
import Runs

/// A checkpoint as a user names it: a file, or a run directory for the weights of its result.
struct CheckpointArgument {
    let path: String

    /// Of a run directory it takes the last weights, or the best where early stopping restores them, and notes which.
    init(_ argument: String) throws {
        guard FileOperations().isDirectory(argument) else {
            path = argument
            return
        }
        let paths = RunPaths(argument)
        guard FileManager.default.fileExists(atPath: paths.experiment) else {
            throw RunDirectoryError.notARun(path: paths.run)
        }
        let restoresBest = try Experiment.load(path: paths.experiment).earlyStopping?.restoresBestWeights ?? false
        path = restoresBest && FileManager.default.fileExists(atPath: paths.best) ? paths.best : paths.last
        Console.note("Checkpoint: \(path)")
    }
}

/// A run as a user names it: its directory, or one of its checkpoints.
struct RunArgument {
    let path: String

    init(_ argument: String) {
        path = FileOperations().isDirectory(argument) ? argument : ResumedRun.owner(of: argument) ?? argument
    }
}
