import Datasets
import Experiments
import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("Training learns")
struct LearningTests {
    private static func rows(_ small: SmallCase) throws -> [EpochRow] {
        let trainer = try small.trainer(threads: 2)
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        return trainer.state.progress.rows
    }

    @Test("the synthetic garments, with a convolution and with a linear model")
    func lossFalls() throws {
        for layers in [SmallCase.convolution, SmallCase.linear] {
            let small = try SmallCase(
                training: 640, validation: 160, batchSize: 32, epochs: 12, layers: layers)
            let rows = try Self.rows(small)
            #expect(rows.count == 12)
            #expect(rows[11].loss < 0.6 * rows[0].loss, "\(rows[0].loss) → \(rows[11].loss)")
            #expect(rows[11].validationLoss ?? 9 < rows[0].validationLoss ?? 0)
            #expect(rows[11].accuracy > 0.5 && rows[11].validationAccuracy ?? 0 > 0.4, "guessing gives 0.1")
        }
    }

    @Test("at full size, with the layers of the shipped kind")
    func fullSize() throws {
        let model = ModelConfiguration(
            inputShape: ImageShape(height: 28, width: 28, channels: 1),
            layers: [
                .convolution2D(filters: 8, kernel: 3),
                .maxPool2D, .flatten, .dense(units: 32),
                .dense(units: 10, activation: .sigmoid),
            ])
        let experiment = Experiment(
            name: "full", dataset: DatasetConfiguration(source: SyntheticSource()), model: model, batchSize: 32,
            epochs: 8)
        let checked = try Model(model, loss: experiment.loss)
        let data = try TrainingData(
            dataset: SyntheticImages.make(sampleCount: 1000, seed: 1), experiment: experiment)
        let trainer = try TrainingReplica(
            experiment: experiment, model: checked, data: data,
            state: ReplicatedState(model: checked, experiment: experiment), kernels: SmallCase.widest, threadCount: 2)
        trainer.own(0..<8)
        let exchange = LocalExchange(arenaCount: checked.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        let rows = trainer.state.progress.rows
        #expect(rows[7].loss < 0.8 * rows[0].loss, "\(rows[0].loss) → \(rows[7].loss)")
        #expect(rows[7].validationAccuracy ?? 0 > 0.3, "guessing gives 0.1")
    }

    @Test("rows have epoch, step and rate; the best epoch is the first with the highest validation accuracy")
    func rows() throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21, epochs: 3)
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        var best: (epoch: Int, accuracy: Double) = (0, -1)
        while !trainer.isFinished {
            guard let epoch = try trainer.runStep(exchange).epoch else { continue }
            let accuracy = try #require(epoch.row.validationAccuracy)
            if accuracy > best.accuracy {
                best = (epoch.row.epoch, accuracy)
                #expect(epoch.isBest)
            } else {
                #expect(!epoch.isBest)
            }
            #expect(epoch.row.step == 4 * epoch.row.epoch)
            #expect(epoch.row.learningRate == 0.01)
            #expect(trainer.completedSteps == epoch.row.step)
        }
        #expect(trainer.state.progress.bestEpoch(nil) == best.epoch)
        #expect(trainer.state.progress.rows.map(\.epoch) == [1, 2, 3])
    }

    @Test("a step's figures are the running ones of its epoch, its checksum that of the gradient sum")
    func summaries() throws {
        let small = try SmallCase(training: 77, validation: 13, batchSize: 21)
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        var counts: [Int] = []
        var checksums: Set<UInt32> = []
        for step in 0..<4 {
            trainer.takesGradientChecksum = step > 0
            let summary = try #require(try trainer.runStep(exchange).summary)
            #expect(summary.epoch == 0 && summary.step == step)
            counts.append(summary.epochSampleCount)
            checksums.insert(summary.gradientChecksum)
        }
        #expect(counts == [21, 42, 63, 77])
        #expect(checksums.count == 4 && checksums.contains(0))
    }
}

@Suite("Data that cannot be trained on")
struct TrainingDataTests {
    @Test("a split that leaves one part empty is refused", arguments: [0.001, 0.999])
    func emptySplit(fraction: Double) throws {
        var experiment = try SmallCase(training: 9, validation: 1, batchSize: 8).experiment
        experiment.dataset.validation = .shuffled(fraction: fraction)
        #expect(throws: DatasetError.self) {
            try TrainingData(dataset: SmallImages.make(count: 10), experiment: experiment)
        }
    }

    @Test("images of another size or more classes than outputs are refused by trainer and evaluator")
    func otherShape() throws {
        let small = try SmallCase(training: 9, validation: 1, batchSize: 8)
        let large = SyntheticImages.make(sampleCount: 10, seed: 1)
        let data = try TrainingData(dataset: large, experiment: small.experiment)
        #expect(throws: DatasetError.self) {
            try TrainingReplica(
                experiment: small.experiment, model: small.model, data: data, state: small.freshState(),
                kernels: SmallCase.widest, threadCount: 1)
        }
        #expect(throws: DatasetError.self) {
            try Evaluator(
                experiment: small.experiment, model: small.model, dataset: large, kernels: SmallCase.widest,
                threadCount: 1)
        }
        let images = try SmallImages.make(count: 10)
        let elevenClasses = try ImageDataset(
            name: "eleven", height: images.height, width: images.width, channels: 1,
            classNames: images.classNames + ["hat"], pixels: images.pixels, labels: images.labels)
        #expect(throws: DatasetError.self) { try elevenClasses.check(fits: small.model) }
        try images.check(fits: small.model)
    }
}
