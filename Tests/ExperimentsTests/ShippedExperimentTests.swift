import Core
import NeuralNetwork
import Testing

@testable import Experiments

@Suite struct ShippedExperimentTests {
    private func convolutionModel(filters: Int, units: Int) -> ModelConfiguration {
        ModelConfiguration(
            inputShape: ImageShape(height: 28, width: 28, channels: 1),
            layers: [
                .convolution2D(
                    filters: filters, kernel: 3, padding: .valid, activation: .relu),
                .maxPool2D, .flatten, .dense(units: units, activation: .relu),
                .dense(units: 10, activation: .sigmoid),
            ])
    }

    @Test(arguments: [("A-1", 32, 32, 1), ("B-1", 32, 32, 2), ("B-2", 64, 64, 1)] as [(String, Int, Int, UInt64)])
    func shippedExperimentsAreThoseOfTheWriteUps(_ name: String, _ filters: Int, _ units: Int, _ seed: UInt64) throws {
        let experiment = try Experiment.shipped(named: name)
        #expect(experiment.name == name)
        #expect(experiment.model == convolutionModel(filters: filters, units: units))
        #expect(experiment.loss == .categoricalCrossEntropy())
        #expect(experiment.optimizer == OptimizerConfiguration(Adam()))
        #expect(experiment.dataset == DatasetConfiguration())
        #expect(experiment.batchSize == 512)
        #expect(experiment.epochs == 50)
        #expect(experiment.microBatchCount == 8)
        #expect(experiment.seed == seed)
        #expect(!experiment.title.isEmpty)
        #expect(experiment.published.contains { $0.name == "test_accuracy" })
    }

    /// Parameter counts by hand from the write-ups' layers; three of them are published.
    @Test(arguments: [
        ("A-1", 173_738, 512, 50), ("A-2", 173_738, 512, 50), ("A-3", 347_114, 512, 50), ("A-4", 251_626, 512, 50),
        ("B-1", 173_738, 512, 50), ("B-2", 693_578, 512, 50), ("B-3", 693_578, 512, 50), ("C-1", 115_306, 200, 100),
        ("C-2", 115_306, 200, 100), ("C-3", 115_306, 200, 100), ("C-4", 132_874, 200, 100),
        ("C-5", 115_306, 200, 100), ("D-baseline", 101_770, 128, 5), ("D-low", 31_962, 512, 20),
        ("D-overfit", 534_026, 128, 40), ("D-1", 534_026, 128, 11), ("D-2", 296_202, 128, 11),
        ("D-3", 373_802, 128, 11), ("D-4", 534_026, 128, 11), ("D-5", 534_026, 128, 11), ("D-6", 535_306, 128, 11),
        ("D-7", 534_346, 128, 11), ("D-8", 1_845_066, 128, 11), ("D-9", 1_845_066, 32, 11),
        ("D-final", 1_845_066, 128, 11), ("D-vgg", 14_848_586, 128, 11), ("D-vgg-tuned", 14_848_586, 128, 11),
        ("E-1", 50_890, 64, 10), ("E-2", 101_770, 64, 30), ("E-3", 109_386, 64, 30),
    ])
    func everyExperimentHasTheSizesOfItsWriteUp(
        _ name: String, _ parameterCount: Int, _ batchSize: Int, _ epochs: Int
    ) throws {
        let experiment = try Experiment.shipped(named: name)
        let model = try Model(experiment.model, loss: experiment.loss)
        #expect(model.parameterCount == parameterCount)
        #expect(experiment.batchSize == batchSize)
        #expect(experiment.epochs == epochs)
        #expect(experiment.published.contains { $0.name == "test_accuracy" })
    }

    @Test func everyShippedNameIsFoundWhateverItsCapitals() throws {
        #expect(Experiment.shippedNames.count == 30)
        for name in Experiment.shippedNames {
            #expect(try Experiment.resolve(name.lowercased()).name == name)
        }
    }

    @Test func unknownNamesGetTheNearest() {
        let expected = ExperimentError(
            source: "B-7", problem: .unknownExperiment("B-7", nearest: "B-1", shipped: Experiment.shippedNames))
        #expect(throws: expected) { try Experiment.resolve("B-7") }
        #expect(
            expected.description == "no experiment is named \"B-7\" and no file is there; did you mean B-1? "
                + "shipped are \(Experiment.shippedNames.joined(separator: ", ")), or give the path of a YAML file")
        #expect(throws: ExperimentError.self) { try Experiment.resolve("") }
    }

    /// SHA-256 of the canonical form without title, published figures and epochs, taken with sha256sum. Their runs go
    /// on with any later version.
    @Test(
        arguments: [
            ("A-1", "7e10c54c765022255c6304db420cac5d9780a73cbf5b16225fc8d62963e5572f"),
            ("B-1", "21b39109687c7376b67fe13849de94dd535952e4fc9b67335c307524adb95639"),
            ("B-2", "7657848cc88d5a3ba4e8d17acfab4b0e71b2b7759a394650cf3e9f43b11afde4"),
        ])
    func theDigestsOfTheFirstExperimentsAreFixed(_ name: String, _ digest: String) throws {
        #expect(try Experiment.shipped(named: name).digest.hexadecimal == digest)
    }
}
