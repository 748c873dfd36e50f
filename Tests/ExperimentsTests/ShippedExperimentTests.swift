import Digests
import NeuralNetwork
import Testing

@testable import Experiments

@Suite struct ShippedExperimentTests {
    private func convolutionModel(filters: Int, units: Int) -> ModelConfiguration {
        ModelConfiguration(
            inputShape: ImageShape(height: 28, width: 28, channels: 1),
            layers: [
                .convolution2D(
                    Convolution2DConfiguration(
                        filters: filters, kernelHeight: 3, kernelWidth: 3, padding: .valid, activation: .relu)),
                .maxPool2D, .flatten, .dense(DenseConfiguration(units: units, activation: .relu)),
                .dense(DenseConfiguration(units: 10, activation: .sigmoid)),
            ])
    }

    @Test(arguments: [("A-1", 32, 32, 1), ("B-1", 32, 32, 2), ("B-2", 64, 64, 1)] as [(String, Int, Int, UInt64)])
    func shippedExperimentsAreThoseOfTheWriteUps(_ name: String, _ filters: Int, _ units: Int, _ seed: UInt64) throws {
        let experiment = try Experiment.shipped(named: name)
        #expect(experiment.name == name)
        #expect(experiment.model == convolutionModel(filters: filters, units: units))
        #expect(experiment.loss == .sparseCategoricalCrossEntropy)
        #expect(experiment.optimizer == .adam(AdamConfiguration()))
        #expect(experiment.dataset == DatasetConfiguration())
        #expect(experiment.batchSize == 512)
        #expect(experiment.epochs == 50)
        #expect(experiment.microBatchCount == 8)
        #expect(experiment.seed == seed)
        #expect(!experiment.title.isEmpty)
        #expect(experiment.published.contains { $0.name == "test_accuracy" })
    }

    @Test func everyShippedNameIsFoundWhateverItsCapitals() throws {
        #expect(Experiment.shippedNames == ["A-1", "B-1", "B-2"])
        for name in Experiment.shippedNames {
            #expect(try Experiment.resolve(name.lowercased()).name == name)
        }
    }

    @Test func unknownNamesGetTheNearest() {
        let expected = ExperimentError(
            source: "B-3", problem: .unknownExperiment("B-3", nearest: "B-1", shipped: Experiment.shippedNames))
        #expect(throws: expected) { try Experiment.resolve("B-3") }
        #expect(
            expected.description == "no experiment is named \"B-3\" and no file is there; did you mean B-1? "
                + "shipped are A-1, B-1, B-2, or give the path of a YAML file")
        #expect(throws: ExperimentError.self) { try Experiment.resolve("") }
    }

    /// SHA-256 of the canonical form without title, published figures and epochs, taken with sha256sum. Their runs go on
    /// with any later version.
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
