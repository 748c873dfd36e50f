import Experiments
import Foundation
import NeuralNetwork
import Runs
import TestSupport
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

        let drawn = Self.drawnValues(small.model)
        let folder = try TemporaryFolder()
        let path = folder.path("vgg16.safetensors")
        try Self.write(base, of: drawn, to: path)
        small.experiment.initialWeights = InitialWeightsConfiguration(origin: .file(path), layers: .vgg16)
        let weights = try #require(
            try InitialWeights(for: small.experiment, file: nil, data: nil, environment: [:]))
        small.experiment = weights.resolving(small.experiment)
        let start = WeightsCase.parameters(try weights.state(model: small.model, experiment: small.experiment))

        let prepared = small
        let alone = try Self.stepped(prepared, from: start, own: 0..<2, LocalExchange(arenaCount: start.count))
        let areEqual = try Meeting.run(runs: small.runs(workers: 2), microBatchCount: 2) { rank, meeting in
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: start.count, bucketCount: prepared.model.buckets.count)
            return try Self.stepped(prepared, from: start, own: meeting.runs[rank], exchange) == alone
        }
        #expect(areEqual == [true, true])
        for parameter in small.model.parameters {
            let (range, isFrozen) = (parameter.arenaRange, parameter.name.hasPrefix("block"))
            #expect((start[range] == drawn[range]) == isFrozen, "\(parameter.name) starts with the values of the file")
            #expect((alone[range] == start[range]) == isFrozen, "\(parameter.name) is trained")
        }
    }

    /// Values as small as those of a model's start, in the layout of the arena.
    private static func drawnValues(_ model: Model) -> [Float] {
        var generator = SeededGenerator(seed: 16)
        return (0..<model.arenaCount).map { _ in Float(generator.next() >> 40) / Float(1 << 28) - 1 / 32 }
    }

    private static func write(_ base: [ParameterDescription], of arena: [Float], to path: String) throws {
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

    /// The parameters after the epoch's one step.
    private static func stepped(
        _ small: SmallCase, from start: [Float], own run: Range<Int>, _ exchange: any GradientExchange
    ) throws -> [Float] {
        let slotCount = Optimizer(small.experiment.optimizer).slotNames.count
        let state = ReplicatedState(model: small.model, slotCount: slotCount, progress: TrainingProgress())
        start.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            state.parameters.pointer.update(from: base, count: start.count)
        }
        let trainer = try small.trainer(state)
        trainer.own(run)
        _ = try trainer.runStep(exchange)
        return WeightsCase.parameters(trainer.state)
    }
}
