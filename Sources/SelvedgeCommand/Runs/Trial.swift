import Experiments
import Foundation
import Reports
import Runs

/// One training of an experiment with one seed, in its own folder.
struct Trial {
    /// The experiment with this seed.
    let experiment: Experiment
    /// How the command line names it: a shipped name or a path.
    let argument: String
    let folder: String
    /// The folder of the training whose last weights this one begins with, if the experiment names one.
    let predecessor: String?

    init(_ experiment: Experiment, argument: String, seed: UInt64, directory: String) {
        var seeded = experiment
        seeded.seed = seed
        self.experiment = seeded
        self.argument = argument
        folder = Self.folder(experiment.name, seed, directory)
        if case .run(let name)? = experiment.initialWeights?.origin {
            predecessor = Self.folder(name, seed, directory)
        } else {
            predecessor = nil
        }
    }

    private static func folder(_ name: String, _ seed: UInt64, _ directory: String) -> String {
        "\(directory)/\(name)-seed-\(seed)"
    }

    enum State {
        /// Nothing is there, or nothing that a training could not begin over.
        case absent
        case unfinished
        case finished(ReproductionRow.Trial)
        /// The folder holds something else, in one line.
        case unusable(String)
    }

    /// The content of the folder, whichever process wrote it. A run counts if it is of this experiment, with this seed
    /// and as many epochs.
    var state: State {
        guard FileManager.default.fileExists(atPath: RunPaths(folder).experiment) else { return .absent }
        let record = RunRecord(path: folder)
        guard var kept = record.experiment else {
            return .unusable(record.problems.joined(separator: "; "))
        }
        // A run has the digest of its first weights, the experiment their origin.
        if kept.initialWeights != nil, experiment.initialWeights != nil {
            kept.initialWeights = experiment.initialWeights
        }
        guard kept.name == experiment.name, kept.digest == experiment.digest, kept.epochs == experiment.epochs else {
            return .unusable(
                "\(folder) holds another training (\(kept.name), seed \(kept.seed), \(kept.epochs) epochs, or an older "
                    + "version of the experiment): move it away")
        }
        guard let report = record.result else {
            return record.problems.isEmpty ? .unfinished : .unusable(record.problems.joined(separator: "; "))
        }
        return .finished(
            ReproductionRow.Trial(
                seed: experiment.seed, testAccuracy: report.accuracy, testLoss: report.loss, history: record.history))
    }
}
