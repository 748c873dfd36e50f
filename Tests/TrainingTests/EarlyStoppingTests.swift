import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("The end of training, and the best epoch")
struct EarlyStoppingTests {
    private func progress(losses: [Double], accuracies: [Double]) -> TrainingProgress {
        var progress = TrainingProgress()
        progress.rows = losses.indices.map { index in
            EpochRow(
                epoch: index + 1, step: index + 1, loss: 1, accuracy: 0.5, validationLoss: losses[index],
                validationAccuracy: accuracies[index], learningRate: 0.1)
        }
        return progress
    }

    @Test("patience counts epochs without improvement, and an improvement begins anew")
    func patience() {
        let stopping = EarlyStopping(patience: 2)
        let losses = [3.0, 2.0, 2.0, 1.0, 1.0, 1.5]
        for count in 0...losses.count {
            let progress = progress(losses: Array(losses.prefix(count)), accuracies: losses)
            #expect(progress.isStopped(by: stopping) == (count == 6), "\(count) epochs")
            #expect(!progress.isStopped(by: nil))
        }
    }

    @Test("a change of at most the minimum is no improvement; accuracy improves upwards")
    func monitors() {
        let small = EarlyStopping(patience: 2, minimumChange: 0.5)
        #expect(progress(losses: [3, 2.75, 2.6], accuracies: [0, 0, 0]).isStopped(by: small))
        let accuracy = EarlyStopping(monitor: .validationAccuracy, patience: 2)
        #expect(!progress(losses: [1, 1, 1], accuracies: [0.1, 0.2, 0.3]).isStopped(by: accuracy))
        #expect(progress(losses: [1, 1, 1], accuracies: [0.3, 0.2, 0.3]).isStopped(by: accuracy))
    }

    @Test("the best epoch is that of the monitored value, the first of equals")
    func best() {
        let progress = progress(losses: [3, 1, 1, 2], accuracies: [0.1, 0.2, 0.4, 0.4])
        #expect(progress.bestEpoch(nil) == 3)
        #expect(progress.bestEpoch(EarlyStopping(patience: 1)) == 2)
        #expect(progress.bestEpoch(EarlyStopping(monitor: .validationAccuracy, patience: 1)) == 3)
    }

    @Test("training ends after the epoch that stops it, with the same bytes for any number of workers")
    func training() throws {
        let small = try SmallCase(
            training: 50, validation: 20, batchSize: 16, epochs: 40,
            optimizer: OptimizerConfiguration(SGD(learningRate: 2)),
            earlyStopping: EarlyStopping(patience: 2))
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        #expect((3..<40).contains(trainer.state.progress.rows.count))
        let expected = small.bytes(trainer.state)
        for bytes in try small.trainedTogether(runs: small.runs(workers: 3)) { #expect(bytes == expected) }
    }
}
