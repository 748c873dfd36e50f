import Coordination
import Datasets
import Experiments
import Foundation
import NeuralNetwork
import Runs
import TestSupport
import Testing
import Training

@testable import Cluster

@Suite("Preparing a run")
struct PreparedRunTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func prepare(_ experiment: Experiment, _ request: RunRequest) throws -> PreparedRun {
        try PreparedRun(SyntheticRun.settings(experiment, request))
    }

    @Test("makes a new run that begins at the beginning")
    func new() throws {
        let run = try prepare(SyntheticRun.experiment(), .new(path: folder.path + "/run"))
        #expect(run.completedSteps == 0 && run.rows.isEmpty && run.startBytes == nil && run.warnings.isEmpty)
        #expect(run.schedule == BatchSchedule(sampleCount: 2400, batchSize: 500, epochCount: 2))
        #expect(try folder.text("run/metrics.jsonl").isEmpty)
        #expect(try folder.text("run/experiment.yaml").contains(SyntheticRun.experiment().canonicalForm))
    }

    @Test("refuses a model for other images, before anything is written")
    func otherShape() throws {
        let shapes = [
            ImageShape(height: 28, width: 28, channels: 3), ImageShape(height: 32, width: 32, channels: 1),
            ImageShape(height: 14, width: 56, channels: 1),
        ]
        for shape in shapes {
            let experiment = SyntheticRun.experiment(shape: shape)
            let error = #expect(throws: DatasetError.self) {
                try prepare(experiment, .new(path: folder.path + "/run"))
            }
            let text = error?.description ?? ""
            #expect(text.contains("28×28×1") && text.contains("\(shape.height)×\(shape.width)×\(shape.channels)"))
            #expect(!text.contains("\n"))
        }
        #expect(!folder.exists("run"))
    }

    @Test("refuses a model with fewer outputs than classes, a model that is none, and an empty split")
    func otherMisfits() throws {
        let nine: [LayerConfiguration] = [.flatten, .dense(units: 9, activation: .softmax)]
        #expect(throws: DatasetError.self) {
            try prepare(SyntheticRun.experiment(layers: nine), .new(path: folder.path + "/run"))
        }
        #expect(throws: ModelError.self) {
            try prepare(SyntheticRun.experiment(layers: [.maxPool2D]), .new(path: folder.path + "/run"))
        }
        for fraction in [0.0001, 0.9999] {
            var experiment = SyntheticRun.experiment()
            experiment.dataset.validation = .shuffled(fraction: fraction)
            #expect(throws: DatasetError.self) { try prepare(experiment, .new(path: folder.path + "/run")) }
        }
        #expect(!folder.exists("run"))
    }

    @Test("refuses audits of a model that normalises over the whole batch, before anything is written")
    func auditOfWholeBatch() throws {
        func settings(isGhost: Bool) -> CoordinatorSettings {
            let normalization = LayerConfiguration.batchNormalization(isGhost: isGhost)
            var settings = SyntheticRun.settings(
                SyntheticRun.experiment(layers: [normalization] + SyntheticRun.linear),
                .new(path: folder.path + "/run"))
            settings.runSettings.audit = .all
            return settings
        }
        #expect(throws: ClusterError.noAudit) { try PreparedRun(settings(isGhost: false)) }
        #expect(!folder.exists("run"))
        #expect(try PreparedRun(settings(isGhost: true)).completedSteps == 0)
    }

    @Test("continues from the newest whole checkpoint, with its rows")
    func resume() throws {
        let experiment = SyntheticRun.experiment()
        let path = folder.path + "/run"
        let bytes = try SyntheticRun.bytes(experiment, afterSteps: 7)
        do {
            let run = try prepare(experiment, .new(path: path))
            try run.directory.saveCheckpoint(SyntheticRun.bytes(experiment, afterSteps: 5), isBest: false)
            try run.directory.saveCheckpoint(bytes, isBest: false)
        }
        do {
            let run = try prepare(experiment, .resume(path: path, checkpoint: nil))
            #expect(run.completedSteps == 7 && run.rows.count == 1 && run.startBytes == bytes)
            #expect(try folder.text("run/metrics.jsonl") == EpochRow.jsonLines(run.rows))
        }
        // A damaged `last` falls back to `previous`, with a warning.
        try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: path + "/checkpoints/last.safetensors"))
        let run = try prepare(experiment, .resume(path: path, checkpoint: nil))
        #expect(run.completedSteps == 5 && run.rows.count == 1 && !run.warnings.isEmpty)
    }

    @Test("passes over a checkpoint whose round does not fit its rows")
    func inconsistent() throws {
        let experiment = SyntheticRun.experiment()
        let path = folder.path + "/run"
        let file = try Safetensors(bytes: SyntheticRun.bytes(experiment, afterSteps: 2))
        var writer = SafetensorsWriter(metadata: file.metadata)
        writer.metadata["round"] = "9223372036854775807"
        for tensor in file.tensors {
            writer.add(
                name: tensor.name, tensor.elementType, shape: tensor.shape,
                bytes: file.withBytes(of: tensor) { Array($0) })
        }
        do {
            let run = try prepare(experiment, .new(path: path))
            try run.directory.saveCheckpoint(file.bytes, isBest: false)
            try run.directory.saveCheckpoint(writer.serialized(), isBest: false)
        }
        do {
            let run = try prepare(experiment, .resume(path: path, checkpoint: nil))
            #expect(run.completedSteps == 2 && run.warnings.count == 1)
        }
        #expect(throws: CheckpointError.self) {
            try prepare(experiment, .resume(path: path, checkpoint: path + "/checkpoints/last.safetensors"))
        }
    }

    @Test("refuses to continue with another experiment, but takes more epochs")
    func otherExperiment() throws {
        let path = folder.path + "/run"
        var experiment = SyntheticRun.experiment()
        do {
            let run = try prepare(experiment, .new(path: path))
            try run.directory.saveCheckpoint(SyntheticRun.bytes(experiment, afterSteps: 1), isBest: false)
        }
        experiment.epochs = 5
        do {
            let run = try prepare(experiment, .resume(path: path, checkpoint: nil))
            #expect(run.schedule.epochCount == 5 && run.completedSteps == 1)
        }
        experiment.seed = 2
        #expect(throws: ClusterError.otherExperiment(run: path, changes: ["seed is 2, not 1"])) {
            try prepare(experiment, .resume(path: path, checkpoint: nil))
        }
        #expect(throws: RunDirectoryError.self) {
            try prepare(experiment, .resume(path: folder.path + "/none", checkpoint: nil))
        }
    }

    @Test("passes over a checkpoint with a changed bit, and names its file; one that is asked for by name is refused")
    func flippedBit() throws {
        let experiment = SyntheticRun.experiment()
        let path = folder.path + "/run"
        let states = try [5, 7].map { try SyntheticRun.bytes(experiment, afterSteps: $0) }
        do {
            let run = try prepare(experiment, .new(path: path))
            let journal = try run.directory.openJournal()
            for (steps, bytes) in zip([5, 7] as [UInt64], states) {
                try journal.announceCheckpoint(bytes, completedSteps: steps)
                try run.directory.saveCheckpoint(bytes, isBest: false)
            }
        }
        let last = path + "/checkpoints/last.safetensors"
        var flipped = states[1]
        flipped[flipped.count - 1] ^= 1
        try Data(flipped).write(to: URL(fileURLWithPath: last), options: .atomic)
        do {
            let run = try prepare(experiment, .resume(path: path, checkpoint: nil))
            #expect(run.completedSteps == 5 && run.warnings.count == 1)
            #expect(run.warnings[0].contains("last.safetensors") && run.warnings[0].contains("it was changed"))
        }
        #expect(throws: ClusterError.self) { try prepare(experiment, .resume(path: path, checkpoint: last)) }
        // Without a record of it, as after a death between saving and recording, a whole file is taken.
        try FileManager.default.removeItem(atPath: path + "/journal")
        #expect(try prepare(experiment, .resume(path: path, checkpoint: nil)).completedSteps == 7)
    }
}
