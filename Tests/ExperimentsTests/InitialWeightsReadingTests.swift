import Core
import Testing

@testable import Experiments

@Suite struct InitialWeightsReadingTests {
    private func read(_ text: String) throws -> InitialWeightsConfiguration? {
        let base = try Experiment.shipped(named: "A-1").canonicalForm
        return try Experiment(yaml: base + "initial_weights: \(text)\n", source: "test").initialWeights
    }

    @Test func whatIsWrittenReadsBackEqual() throws {
        let digest = SHA256Digest(of: [1, 2, 3])
        let values = [
            nil, InitialWeightsConfiguration(origin: .file("vgg & \"16\".h5"), layers: .vgg16),
            InitialWeightsConfiguration(origin: .run("D-vgg")), InitialWeightsConfiguration(digest: digest),
            InitialWeightsConfiguration(origin: .file("/a/b"), layers: .vgg16, digest: digest),
        ]
        var digests: Set<SHA256Digest> = []
        for value in values {
            var experiment = try Experiment.shipped(named: "A-1")
            experiment.initialWeights = value
            #expect(try Experiment(yaml: experiment.canonicalForm, source: "again") == experiment)
            digests.insert(experiment.digest)
        }
        #expect(digests.count == values.count, "weights that differ give other digests")
    }

    @Test func anExperimentWithoutThemIsWrittenAsBefore() throws {
        #expect(try !Experiment.shipped(named: "A-1").canonicalForm.contains("initial_weights"))
    }

    @Test(arguments: [
        "{}", "{layers: vgg16}", "{file: a.h5, run: A-1}", "{file: \"\"}", "{file: a, layers: resnet}",
        "{file: a, sha256: \"12\"}", "{run: \"a/b\"}", "a.h5", "{file: 7}",
    ])
    func whatIsNotUnderstoodIsRefused(text: String) throws {
        #expect(throws: ExperimentError.self) { try read(text) }
    }

    @Test func aRunIsOfTheExperimentThatNamesItsWeights() throws {
        var named = try Experiment.shipped(named: "D-vgg")
        var run = named
        run.initialWeights = InitialWeightsConfiguration(layers: .vgg16, digest: SHA256Digest(of: [1]))
        #expect(run.isRun(of: named) && named.isRun(of: named) && run.digest != named.digest)
        named.initialWeights?.digest = SHA256Digest(of: [2])
        #expect(!run.isRun(of: named))
        named.initialWeights?.digest = SHA256Digest(of: [1])
        #expect(run.isRun(of: named))
        run.initialWeights?.layers = nil
        #expect(!run.isRun(of: named))
        run.initialWeights = nil
        #expect(!run.isRun(of: named))
    }

    @Test func theGroupHasTheConvolutionsOfVGG16() {
        let names = InitialWeightsConfiguration.LayerGroup.vgg16.layerNames
        #expect(names.count == 13 && names.first == "block1_conv1" && names.last == "block5_conv3")
    }
}
