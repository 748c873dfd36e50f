import Checkpoints
import Experiments
import Foundation
import NeuralNetwork
import Testing

@testable import Training

@Suite("The convolutional base of VGG16")
struct VGG16Tests {
    @Test("takes a step on two workers, from weights in a file, with the same bits as on one")
    func step() throws {
        let published = try Experiment.shipped(named: "D-vgg")
        var small = try SmallCase(
            training: 4, validation: 1, batchSize: 4, microBatches: 2, layers: published.model.layers,
            loss: published.loss, optimizer: published.optimizer)
        let base = small.model.parameters.filter { $0.name.hasPrefix("block") }
        #expect(base.count == 26 && base.reduce(0) { $0 + $1.count } == 14_714_688)

        let path = FileManager.default.temporaryDirectory.appending(path: "vgg16-\(UUID().uuidString).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(base, drawnWith: small.model.initialParameters(seed: 99), to: path)
        small.experiment.initialWeights = InitialWeightsConfiguration(origin: .file(path), layers: .vgg16)
        let weights = try #require(
            try InitialWeights(for: small.experiment, file: nil, data: nil, environment: [:]))
        small.experiment = weights.resolving(small.experiment)

        let start = try weights.state(model: small.model, experiment: small.experiment)
        let alone = try small.trainedAlone(start)
        let experiment = small
        let together = try Meeting.run(runs: small.runs(workers: 2), microBatchCount: 2) { rank, meeting in
            let trainer = try experiment.trainer(
                weights.state(model: experiment.model, experiment: experiment.experiment))
            trainer.own(experiment.runs(workers: 2)[rank])
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: experiment.model.arenaCount,
                bucketCount: experiment.model.buckets.count)
            _ = try trainer.runStep(exchange)
            return experiment.bytes(trainer.state) == alone
        }
        #expect(together == [true, true])
        try checkFrozen(Safetensors(bytes: alone), equals: Safetensors(path: path), base, model: small.model)
    }

    private func write(_ base: [ParameterDescription], drawnWith arena: [Float], to path: String) throws {
        var writer = SafetensorsWriter()
        for parameter in base {
            var values = [Float](repeating: 0, count: parameter.count)
            arena.withUnsafeBufferPointer { source in
                guard let start = source.baseAddress else { return }
                parameter.toTorch(start + parameter.arenaOffset, &values)
            }
            writer.add(name: parameter.name, shape: parameter.torchShape, values)
        }
        try Data(writer.serialized()).write(to: URL(filePath: path))
    }

    /// The base is as it was, and the head is not.
    private func checkFrozen(
        _ trained: Safetensors, equals file: Safetensors, _ base: [ParameterDescription], model: Model
    ) throws {
        for parameter in base {
            let isEqual = try trained.floats(named: "model.\(parameter.name)") == file.floats(named: parameter.name)
            #expect(isEqual, "\(parameter.name)")
        }
        let random = model.initialParameters(seed: 3)
        let head = try #require(model.parameters.first { $0.name == "fc1.weight" })
        var untrained = [Float](repeating: 0, count: head.count)
        random.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            head.toTorch(start + head.arenaOffset, &untrained)
        }
        #expect(try trained.floats(named: "model.fc1.weight") != untrained)
    }
}
