import Core
import Datasets
import Experiments
import KernelInterface
import Kernels
import NeuralNetwork
import Runs
import TestSupport
import Testing

@testable import Training

/// The tolerances are those of scripts/fixtures/reference_training.py: eight times what disturbances of one or two
/// roundings of Float32, in every layer, gradient and step, change in the reference's own result.
@Suite("Trainings of random experiments agree with PyTorch")
struct RandomModelTests {
    @Test("and these cover every kind of layer, loss, optimizer and schedule")
    func coverage() throws {
        let experiments = try (1...RandomModel.count).map { try RandomModel(seed: $0).experiment }
        let layers = experiments.flatMap { $0.model.layers.map { type(of: $0.layer).key } }
        #expect(Set(layers) == Set(LayerKinds.all.map { $0.key }))
        #expect(Set(experiments.map { type(of: $0.loss.loss).key }) == Set(LossKinds.all.map { $0.key }))
        #expect(Set(experiments.map { type(of: $0.optimizer.method).key }) == Set(OptimizerKinds.all.map { $0.key }))
        #expect(Set(experiments.map { type(of: $0.optimizer.schedule).key }) == Set(ScheduleKinds.all.map { $0.key }))
    }

    @Test(
        "in losses, predictions and all tensors, and have the same bits with 1 and 3 workers",
        arguments: 1...RandomModel.count)
    func training(seed: Int) throws {
        let expected = try RandomModel(seed: seed)
        let folder = try TemporaryFolder(inMemory: true)
        let (small, start) = try expected.load(in: folder)
        let trainer = try small.trainer(start())
        compare(try losses(trainer, small), expected.losses, "loss of step")
        let rows = trainer.state.progress.rows
        compare(rows.compactMap(\.validationLoss), expected.validationLosses, "validation loss of epoch")
        let split = small.data.split
        for (row, correct) in zip(rows, expected.correct) {
            #expect((row.accuracy * Double(split.training.count)).rounded() == Double(correct[0]))
            #expect(((row.validationAccuracy ?? 0) * Double(split.validation.count)).rounded() == Double(correct[1]))
        }
        #expect(Set(small.model.parameters.map(\.name)) == Set(expected.tensors.keys))
        for parameter in small.model.parameters {
            let projections = RandomModel.projections(parameter, trainer.state)
            compare(projections, expected.tensors[parameter.name] ?? [], "\(parameter.name), projection")
        }

        let bytes = small.bytes(trainer.state)
        for together in try small.trainedTogether(runs: small.runs(workers: 3), threads: 2, start: start) {
            #expect(together == bytes)
        }
        for set in InstructionSet.supported { #expect(try small.trainedAlone(start(), kernels: set.table) == bytes) }
    }

    /// Trains to the end; the loss of each step.
    private func losses(_ trainer: TrainingReplica, _ small: SmallCase) throws -> [Double] {
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        var losses: [Double] = []
        var epochSum = 0.0
        while !trainer.isFinished {
            guard let summary = try trainer.runStep(exchange).summary else { continue }
            if summary.step == 0 { epochSum = 0 }
            losses.append((summary.epochLossSum - epochSum) / Double(summary.sampleCount))
            epochSum = summary.epochLossSum
        }
        return losses
    }

    private func compare(_ actual: [Double], _ expected: [RandomModel.Value], _ noun: String) {
        #expect(actual.count == expected.count, "\(noun)s")
        for (index, (actual, expected)) in zip(actual, expected).enumerated() {
            let difference = (actual - expected.value).magnitude
            #expect(
                difference <= expected.tolerance,
                "\(noun) \(index + 1): \(actual), expected \(expected.value) ± \(expected.tolerance)")
        }
    }
}
