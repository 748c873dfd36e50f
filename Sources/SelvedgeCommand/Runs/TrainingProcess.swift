import ArgumentParser
import Core
import Datasets
import Experiments
import Foundation
import Glibc
import NeuralNetwork
import Runs
import Training

/// `selvedge train` as a step of another command.
enum TrainingProcess {
    /// Trains to the end. What the training prints as its result goes to standard error with the rest: standard output
    /// belongs to the calling command.
    ///
    /// What is missing on this host is thrown before any process is started: a child would print it and return only its
    /// exit code.
    static func run(_ trial: Trial, resumes: Bool, workers: Int?, data: String?) throws {
        try checkData(of: trial.experiment, data: data)
        var arguments = [trial.argument, "--seed", String(trial.experiment.seed), "--run", trial.folder]
        arguments += flag("workers", workers) + flag("data", data)
        if resumes {
            arguments.append("--resume")
        } else if let weights = try initialWeights(of: trial, data: data) {
            arguments += ["--init", weights]
        }
        Console.note("\(trial.experiment.name), seed \(trial.experiment.seed): \(resumes ? "resuming" : "training")")
        let output = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        defer {
            dup2(output, STDOUT_FILENO)
            close(output)
        }
        try TrainCommand.parse(arguments).run()
    }

    private static func checkData(of experiment: Experiment, data: String?) throws {
        let model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: data, environment: ProcessInfo.processInfo.environment)
        try sets.training.check(fits: model)
    }

    /// The file to begin with, where the experiment does not name it itself. Throws when the one that it needs is
    /// missing.
    static func initialWeights(of trial: Trial, data: String?) throws -> String? {
        if let predecessor = trial.predecessor {
            let paths = RunPaths(predecessor)
            guard FileManager.default.fileExists(atPath: paths.reportJSON) else {
                throw ExitStatus(
                    ProcessExitCode.missingInput,
                    "\(trial.experiment.name) starts with the weights of \(predecessor), which is not finished")
            }
            return paths.last
        }
        _ = try InitialWeights.path(
            for: trial.experiment, data: data, environment: ProcessInfo.processInfo.environment)
        return nil
    }

    /// The exit code of this program after a failed training, with a message unless one was printed.
    static func status(of failure: any Error) -> ExitStatus? {
        switch failure {
        // The training's processes have printed the reason.
        case let code as ExitCode: ExitStatus(code.rawValue, "")
        case let status as ExitStatus: status
        default: ExitStatus(of: failure)
        }
    }
}
