import Testing

@testable import Selvedge

/// Trainings on made-up images that take a fraction of a second.
enum SmallExperiment {
    static func make(epochs: Int = 3, validation: ValidationConfiguration = .shuffled(fraction: 0.25)) -> Experiment {
        Experiment(
            name: "small",
            dataset: DatasetConfiguration(
                .synthetic, trainingRange: 0..<200, validation: validation, test: .range(0..<50)),
            model: ModelConfiguration(
                inputShape: ImageShape(height: 28, width: 28, channels: 1),
                layers: [
                    .convolution2D(filters: 4, kernel: 3), .maxPool2D, .flatten, .dropout(rate: 0.1),
                    .dense(units: 10, activation: .softmax),
                ]),
            optimizer: .sgd(learningRate: 0.05, momentum: 0.9).scheduled(.cosine()).clipped(norm: 5), batchSize: 32,
            epochs: epochs)
    }
}

@Suite("A trainer in this process")
struct TrainerTests {
    @Test("gives the same bits for any number of threads")
    func threads() throws {
        let digests = try [1, 3].map { threadCount in
            let trainer = try Trainer(SmallExperiment.make(), threadCount: threadCount)
            try trainer.train()
            return try trainer.checkpoint().digest
        }
        #expect(digests[0] == digests[1])
    }

    @Test("reports every step, and each epoch with its last step")
    func progress() throws {
        let trainer = try Trainer(SmallExperiment.make(epochs: 2), threadCount: 1)
        var steps: [TrainingStep] = []
        try trainer.train { steps.append($0) }
        #expect(steps.map(\.step) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
        #expect(steps.map(\.epoch) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect(steps.compactMap(\.finishedEpoch) == trainer.epochs)
        #expect(trainer.epochs.count == 2)
        #expect(trainer.isFinished)
        #expect(steps[9].loss == trainer.epochs[1].loss)
    }

    @Test("an error of the observer ends the call, and the next call goes on to the same bits")
    func interruptedByObserver() throws {
        struct Enough: Error {}
        let undisturbed = try Trainer(SmallExperiment.make(), threadCount: 1)
        try undisturbed.train()
        let trainer = try Trainer(SmallExperiment.make(), threadCount: 1)
        #expect(throws: Enough.self) { try trainer.train { if $0.epoch == 2, $0.step == 3 { throw Enough() } } }
        #expect(!trainer.isFinished)
        try trainer.train()
        #expect(try trainer.checkpoint().digest == undisturbed.checkpoint().digest)
    }

    @Test("a checkpoint from the middle of an epoch continues to the same bits")
    func resumed() throws {
        let undisturbed = try Trainer(SmallExperiment.make(), threadCount: 1)
        try undisturbed.train()
        let first = try Trainer(SmallExperiment.make(), threadCount: 1)
        for _ in 0..<7 { try first.trainStep() }
        let kept = try Checkpoint(bytes: first.checkpoint().bytes)
        let second = try Trainer(resuming: kept, threadCount: 2)
        try second.train()
        #expect(try second.checkpoint().digest == undisturbed.checkpoint().digest)
        #expect(try second.bestCheckpoint()?.digest == undisturbed.bestCheckpoint()?.digest)
    }

    @Test("the same images in memory give the same bits")
    func imagesInMemory() throws {
        let experiment = SmallExperiment.make(validation: .testSet)
        let loaded = try Trainer(experiment, threadCount: 1)
        try loaded.train()
        let sets = try DatasetLookup.load(
            SmallExperiment.make(validation: .none), data: nil, environment: [:])
        let given = try Trainer(experiment, training: sets.training, test: sets.test, threadCount: 1)
        try given.train()
        #expect(try given.checkpoint().digest == loaded.checkpoint().digest)
        #expect(try given.evaluate().predictions == loaded.evaluate().predictions)
    }

    @Test("images of another shape are refused in one line")
    func wrongImages() throws {
        let images = try ImageDataset(
            name: "dots", height: 2, width: 2, channels: 1, classNames: ["a", "b"],
            pixels: [UInt8](repeating: 9, count: 4 * 40), labels: [UInt8](repeating: 1, count: 40))
        #expect {
            _ = try Trainer(SmallExperiment.make(), training: images, test: images)
        } throws: {
            String(describing: $0).contains("dots") && !String(describing: $0).contains("\n")
        }
    }
}

@Suite("A checkpoint")
struct CheckpointTests {
    private func trained() throws -> Trainer {
        let trainer = try Trainer(SmallExperiment.make(), threadCount: 1)
        try trainer.train()
        return trainer
    }

    @Test("gives experiment, epochs, tensors, and the trainer's evaluation")
    func contents() throws {
        let trainer = try trained()
        let checkpoint = try trainer.checkpoint()
        #expect(checkpoint.experiment == trainer.experiment)
        #expect(checkpoint.epochs == trainer.epochs)
        #expect(checkpoint.tensorNames.contains("optimizer.momentum_buffer.conv1.weight"))
        let weight = try #require(checkpoint.tensor(named: "model.conv1.weight"))
        #expect(weight.shape == [4, 1, 3, 3])
        #expect(weight.values.count == 36)
        #expect(checkpoint.tensor(named: "model.conv2.weight") == nil)
        #expect(try checkpoint.evaluate(threadCount: 2).logits == trainer.evaluate().logits)
    }

    @Test("predicts the classes that the evaluation gives")
    func predictions() throws {
        let checkpoint = try trained().checkpoint()
        let test = try #require(DatasetLookup.load(checkpoint.experiment, data: nil, environment: [:]).test)
        let predictions = try checkpoint.predict(pixels: Array(test.pixels[..<(3 * 784)]))
        let evaluation = try checkpoint.evaluate(test)
        #expect(predictions.map(\.label) == evaluation.predictions.prefix(3).map { Int($0) })
        #expect(predictions[2].probabilities == Array(evaluation.probabilities[20..<30]))
        #expect(predictions.map(\.className) == predictions.map { test.classNames[$0.label] })
    }

    @Test("pixels that are no whole number of images, and damaged bytes, are refused in one line")
    func refusals() throws {
        let checkpoint = try trained().checkpoint()
        for attempt: () throws -> Void in [
            { _ = try checkpoint.predict(pixels: [1, 2, 3]) }, { _ = try checkpoint.predict(pixels: []) },
            { _ = try Checkpoint(bytes: Array(checkpoint.bytes.dropLast())) },
            { _ = try Checkpoint(path: "/nowhere/a.safetensors") },
        ] {
            #expect {
                try attempt()
            } throws: {
                !String(describing: $0).contains("\n")
            }
        }
    }
}
