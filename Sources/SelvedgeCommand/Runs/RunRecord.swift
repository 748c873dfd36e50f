import Experiments
import Foundation
import NeuralNetwork
import Reports
import Runs

/// What can be read of a run directory, be it finished, unfinished or damaged. Nothing in it is changed or locked.
struct RunRecord {
    let path: String
    /// Nil where experiment.yaml cannot be read.
    private(set) var experiment: Experiment?
    private(set) var rows: [EpochRow] = []
    private(set) var timing: RunTiming?
    /// Nil until the training has ended and was evaluated.
    private(set) var report: TestResult?
    /// What is damaged or missing, one line each.
    private(set) var problems: [String] = []

    /// Longer files are none of this program's.
    private static let byteLimit = 64 << 20

    init(path: String) {
        let paths = RunPaths(path)
        self.path = paths.run
        guard FileOperations().isDirectory(paths.run) else {
            problems.append("there is no such folder")
            return
        }
        do {
            experiment = try Experiment.load(path: paths.experiment)
        } catch {
            problems.append(String(describing: error))
            return
        }
        rows = read(paths.metrics) { try EpochRow.rows(jsonLines: $0) } ?? []
        timing = read(paths.timings) { try RunTiming(jsonLines: $0) }
        report = read(paths.reportJSON) { try TestResult(json: $0) }
    }

    /// What a file holds; nil where it is not there, or damaged, which becomes a problem that names it.
    private mutating func read<Value>(_ file: String, _ parse: (String) throws -> Value) -> Value? {
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            let bytes = try FileOperations().read(file, byteLimit: Self.byteLimit)
            return try parse(String(decoding: bytes, as: UTF8.self))
        } catch let error as FileError {
            problems.append(error.description)
        } catch {
            problems.append("\(file): \(error)")
        }
        return nil
    }

    var history: TrainingHistory { TrainingHistory(rows) }

    /// Trainable numbers; nil for a model that cannot be built.
    var parameterCount: Int? {
        experiment.flatMap { try? Model($0.model, loss: $0.loss).parameterCount }
    }

    var isSynthetic: Bool { experiment?.dataset.name == DatasetConfiguration.syntheticName }
}
