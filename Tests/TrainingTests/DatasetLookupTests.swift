import Datasets
import Experiments
import NeuralNetwork
import Testing

@testable import Training

@Suite("The data that an experiment names")
struct DatasetLookupTests {
    private func experiment(_ dataset: DatasetConfiguration) -> Experiment {
        Experiment(
            name: "lookup", dataset: dataset,
            model: ModelConfiguration(
                inputShape: ImageShape(height: 28, width: 28, channels: 1), layers: SmallCase.linear),
            batchSize: 32, epochs: 1)
    }

    private func data(_ dataset: DatasetConfiguration) throws -> (data: TrainingData, test: ImageDataset) {
        let experiment = experiment(dataset)
        let sets = try DatasetLookup.load(experiment, data: nil, environment: [:])
        return (try TrainingData(dataset: sets.training, experiment: experiment), try #require(sets.test))
    }

    @Test("the test set as validation set: every training sample trains, every test sample that is evaluated validates")
    func testSetValidates() throws {
        let (data, test) = try data(
            DatasetConfiguration(source: SyntheticSource(), validation: .testSet, test: .range(100..<300)))
        #expect(test.sampleCount == 200)
        #expect(data.split.training == Array(0..<3000))
        #expect(data.split.validation == Array(3000..<3200))
        let images = data.dataset.imageByteCount
        #expect(Array(data.dataset.pixels[(3000 * images)...]) == test.pixels)
        #expect(Array(data.dataset.labels[3000...]) == test.labels)
    }

    @Test("ranges choose training, validation and test samples, and made-up images are as many as the ranges need")
    func ranges() throws {
        let (data, test) = try data(
            DatasetConfiguration(
                source: SyntheticSource(), trainingRange: 0..<800, validation: .range(3900..<4000),
                test: .range(0..<200)))
        #expect(data.dataset.sampleCount == 4000)
        #expect(data.split.training == Array(0..<800))
        #expect(data.split.validation == Array(3900..<4000))
        #expect(test.labels == Array(SyntheticImages.make(sampleCount: 500, seed: 2).labels[..<200]))
    }

    @Test("without validation every sample trains; the last share validates; a shuffled split is as before")
    func otherSplits() throws {
        let none = try data(DatasetConfiguration(source: SyntheticSource(), validation: .none)).data.split
        #expect(none.training == Array(0..<3000) && none.validation.isEmpty)
        let last = try data(DatasetConfiguration(source: SyntheticSource(), validation: .last(fraction: 0.1))).data
            .split
        #expect(last.training == Array(0..<2700) && last.validation == Array(2700..<3000))
        let shuffled = try data(DatasetConfiguration(source: SyntheticSource())).data.split
        #expect(shuffled == .shuffled(count: 3000, validationFraction: 0.2, seed: 1))
    }

    @Test("without a test set there is none, and it cannot validate")
    func noTestSet() throws {
        let experiment = experiment(DatasetConfiguration(source: SyntheticSource(), test: .none))
        let sets = try DatasetLookup.load(experiment, data: nil, environment: [:])
        #expect(sets.test == nil && sets.training.sampleCount == 3000)
        let other = self.experiment(
            DatasetConfiguration(source: SyntheticSource(), validation: .testSet, test: .none))
        #expect(throws: DatasetError.noTestSet(experiment: "lookup")) {
            try DatasetLookup.load(other, data: nil, environment: [:])
        }
    }

    @Test("what the data have not is refused in one line that names the range")
    func refusals() throws {
        let images = try SmallImages.make(count: 10)
        let cases: [(DatasetConfiguration, String)] = [
            (DatasetConfiguration(trainingRange: 0..<11), "the training range 0 to 11"),
            (DatasetConfiguration(validation: .range(5..<12)), "the validation range 5 to 12"),
            (DatasetConfiguration(validation: .range(0..<10)), "leaves none to train on"),
            (DatasetConfiguration(validation: .testSet), "leaves none to train on or none to validate with"),
            (DatasetConfiguration(validation: .last(fraction: 0.01)), "fraction 0.01 of 10 samples"),
        ]
        for (configuration, part) in cases {
            let error = #expect(throws: DatasetError.self) {
                try TrainingData(dataset: images, experiment: experiment(configuration))
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains(part) && !text.contains("\n"), "\(text)")
        }
        #expect(throws: DatasetError.self) {
            try data(DatasetConfiguration(source: SyntheticSource(), test: .range(0..<2_000_000)))
        }
    }
}
