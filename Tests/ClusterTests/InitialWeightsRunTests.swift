import Datasets
import Experiments
import Foundation
import NeuralNetwork
import Runs
import TestSupport
import Testing
import Training

@testable import Cluster

@Suite("Preparing a run that begins with weights")
struct InitialWeightsRunTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Settings of a run from the weights that training for some steps gave.
    private func settings(_ request: RunRequest) throws -> CoordinatorSettings {
        let experiment = SyntheticRun.experiment()
        let path = folder.path + "/weights.safetensors"
        try Data(SyntheticRun.bytes(experiment, afterSteps: 3)).write(to: URL(fileURLWithPath: path))
        var settings = SyntheticRun.settings(experiment, request)
        settings.initialWeights = try InitialWeights(for: experiment, file: path, data: nil, environment: [:])
        return settings
    }

    @Test("saves them as its first checkpoint, and serves them to workers")
    func new() throws {
        let settings = try settings(.new(path: folder.path + "/run"))
        let run = try PreparedRun(settings)
        #expect(run.completedSteps == 0 && run.rows.isEmpty)
        #expect(run.experiment.initialWeights?.digest == settings.initialWeights?.digest)
        #expect(try folder.text("run/experiment.yaml").contains("initial_weights: {sha256: "))
        #expect(try folder.bytes("run/checkpoints/last.safetensors") == run.startBytes)
        #expect(ServedContent(run).state != nil)
    }

    @Test("continues without the file of the weights")
    func resume() throws {
        let path = folder.path + "/run"
        let experiment = try PreparedRun(settings(.new(path: path))).experiment
        try FileManager.default.removeItem(atPath: folder.path + "/weights.safetensors")
        let run = try PreparedRun(SyntheticRun.settings(experiment, .resume(path: path, checkpoint: nil)))
        #expect(run.completedSteps == 0 && run.startBytes != nil)
        // The same experiment without its weights is another one.
        #expect(throws: RunDirectoryError.self) {
            try PreparedRun(SyntheticRun.settings(SyntheticRun.experiment(), .resume(path: path, checkpoint: nil)))
        }
    }

    @Test("does not begin at random when they were lost before they were saved")
    func lost() throws {
        let path = folder.path + "/run"
        let experiment = try PreparedRun(settings(.new(path: path))).experiment
        try FileManager.default.removeItem(atPath: path + "/checkpoints/last.safetensors")
        #expect(throws: InitialWeightsError.lost(run: path)) {
            try PreparedRun(SyntheticRun.settings(experiment, .resume(path: path, checkpoint: nil)))
        }
    }

    @Test("refuses weights of another model, before anything is written")
    func mismatch() throws {
        var settings = try settings(.new(path: folder.path + "/run"))
        settings.experiment.model.layers.insert(.dense(units: 5), at: 1)
        #expect(throws: InitialWeightsError.self) { try PreparedRun(settings) }
        #expect(!folder.exists("run"))
    }
}
