import Experiments
import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("A checkpoint that does not fit is refused with the reason")
struct CheckpointRejectionTests {
    private let small: SmallCase
    private let file: Safetensors

    init() throws {
        small = try SmallCase(training: 23, validation: 3, batchSize: 5, epochs: 3)
        file = try Safetensors(bytes: small.bytes(afterSteps: 7))
    }

    /// The checkpoint with its metadata and tensors changed.
    private func changed(
        _ metadata: [String: String?] = [:], dropping: String? = nil, reshaping: String? = nil
    ) throws -> Safetensors {
        var writer = SafetensorsWriter(metadata: file.metadata)
        for (key, value) in metadata { writer.metadata[key] = value }
        for tensor in file.tensors where tensor.name != dropping {
            let bytes = file.withBytes(of: tensor) { Array($0) }
            let shape = tensor.name == reshaping ? tensor.shape.reversed() : tensor.shape
            writer.add(name: tensor.name, tensor.elementType, shape: shape, bytes: bytes)
        }
        return try Safetensors(bytes: writer.serialized())
    }

    private func refusal(
        _ checkpoint: Safetensors, experiment: Experiment? = nil, _ location: SourceLocation = #_sourceLocation
    ) throws -> CheckpointError {
        do {
            _ = try ReplicatedState(
                checkpoint: checkpoint, model: small.model, experiment: experiment ?? small.experiment,
                schedule: small.schedule)
        } catch {
            #expect(!error.description.contains("\n") && !error.description.isEmpty, sourceLocation: location)
            return error
        }
        Issue.record("the checkpoint was taken", sourceLocation: location)
        throw CheckpointError.metadata(key: "")
    }

    @Test("though the unchanged one is taken")
    func unchanged() throws {
        let state = try ReplicatedState(
            checkpoint: changed(), model: small.model, experiment: small.experiment, schedule: small.schedule)
        #expect(small.bytes(state) == file.bytes)
    }

    @Test("another arithmetic version")
    func arithmetic() throws {
        let other = String(Arithmetic.version + 1)
        #expect(try refusal(changed(["arithmetic": other])) == .arithmeticVersion(found: other))
        #expect(try refusal(changed(["arithmetic": nil])) == .metadata(key: "arithmetic"))
        // Version 1 had no Winograd convolutions.
        let reason = try refusal(changed(["arithmetic": "1"])).description
        #expect(reason.contains("arithmetic version 1, this program has 2"), "\(reason)")
    }

    @Test("another experiment, but not another number of epochs")
    func experiment() throws {
        var other = small.experiment
        other.seed += 1
        let seed = "seed is \(other.seed), not \(small.experiment.seed)"
        #expect(
            try refusal(file, experiment: other)
                == .otherExperiment(found: "small", expected: "small", changes: [seed]))
        other = small.experiment
        other.batchSize += 1
        let size = "batch_size is \(other.batchSize), not \(small.experiment.batchSize)"
        #expect(
            try refusal(file, experiment: other)
                == .otherExperiment(found: "small", expected: "small", changes: [size]))
        other = small.experiment
        other.epochs = 7
        let state = try ReplicatedState(checkpoint: file, model: small.model, experiment: other)
        #expect(state.progress.rows.count == 1)
        #expect(try refusal(changed(["experiment": "name: small\n"])) == .metadata(key: "experiment"))
        #expect(try refusal(changed(["experiment": nil])) == .metadata(key: "experiment"))
    }

    @Test("a missing tensor or one of another shape")
    func tensors() throws {
        for name in ["model.fc2.bias", "optimizer.exp_avg.conv1.weight"] {
            guard case .damaged = try refusal(changed(dropping: name)) else {
                Issue.record("\(name) is missing")
                return
            }
        }
        #expect(
            try refusal(changed(reshaping: "model.fc1.weight"))
                == .shape(tensor: "model.fc1.weight", found: [20, 11], expected: [11, 20]))
    }

    @Test("damaged metrics")
    func metrics() throws {
        let rows = try #require(file.metadata["metrics"])
        let damaged = [
            "x", "{}\n", String(rows.dropLast()), rows + "\n", rows + rows,
            rows.replacing("\"epoch\":1", with: "\"epoch\":2"), rows.replacing("\"loss\"", with: "\"los\""),
        ]
        for text in damaged {
            guard case .damagedMetrics = try refusal(changed(["metrics": text])) else {
                Issue.record("taken: \(text)")
                return
            }
        }
        #expect(try refusal(changed(["metrics": nil])) == .metadata(key: "metrics"))
    }

    @Test("numbers that are not written as numbers", arguments: ["round", "epoch_correct", "epoch_samples"])
    func counts(key: String) throws {
        for text in ["", "-1", "+7", "07", "7.0", " 7", "x", "9223372036854775808", "٧"] {
            #expect(try refusal(changed([key: text])) == .metadata(key: key))
        }
        #expect(try refusal(changed([key: nil])) == .metadata(key: key))
    }

    @Test("a loss sum that is not finite or not written as this program writes it")
    func lossSum() throws {
        for text in ["nan", "inf", "-inf", "1e999", "0x1p3", "1", "+1.0", "1.00", ""] {
            #expect(try refusal(changed(["epoch_loss_sum": text])) == .metadata(key: "epoch_loss_sum"))
        }
    }

    @Test("a round, counts or rows that this schedule never has together")
    func progress() throws {
        // Seven steps of five, one epoch of five steps behind: round 8, ten samples into the second epoch.
        #expect(file.metadata["round"] == "8")
        let changes: [[String: String?]] = [
            ["round": "7"], ["round": "9"], ["round": "2"], ["round": "14"], ["round": "9223372036854775807"],
            ["epoch_samples": "9"], ["epoch_samples": "0"], ["epoch_samples": "9223372036854775807"],
            ["epoch_correct": "11"], ["epoch_correct": "9223372036854775807"],
            ["metrics": ""], ["round": "6"], ["round": "6", "epoch_samples": "0", "epoch_correct": "0"],
        ]
        for change in changes {
            guard case .progress = try refusal(changed(change)) else {
                Issue.record("taken: \(change)")
                return
            }
        }
        let boundary = ["round": "6", "epoch_samples": "0", "epoch_correct": "0", "epoch_loss_sum": "0.0"]
        _ = try ReplicatedState(
            checkpoint: changed(boundary), model: small.model, experiment: small.experiment,
            schedule: small.schedule)
        let rows = try #require(file.metadata["metrics"])
        guard case .progress = try refusal(changed(["metrics": rows.replacing("\"step\":5", with: "\"step\":4")]))
        else {
            Issue.record("a row with the wrong step was taken")
            return
        }
    }
}
