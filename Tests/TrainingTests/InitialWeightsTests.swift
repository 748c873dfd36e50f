import Core
import Datasets
import Experiments
import Foundation
import NeuralNetwork
import Runs
import TestSupport
import Testing

@testable import Training

/// The model of small.h5 and small.weights.h5 (scripts/make-keras-weights).
struct WeightsCase {
    let experiment: Experiment
    let model: Model

    init(named: Bool = true, weights: InitialWeightsConfiguration? = nil, filters: Int = 3) throws {
        func name(_ text: String) -> String? { named ? text : nil }
        let layers: [LayerConfiguration] = [
            .convolution2D(name: name("block1_conv1"), filters: 2, kernel: 3),
            .maxPool2D,
            .convolution2D(
                name: name("block2_conv1"), filters: filters, kernel: 3),
            .maxPool2D, .flatten, .dense(name: name("hidden"), units: 4),
            .dense(name: name("predictions"), units: 10, activation: .softmax),
        ]
        experiment = Experiment(
            name: "weights",
            dataset: DatasetConfiguration(source: SyntheticSource(), validation: .shuffled(fraction: 0.2)),
            model: ModelConfiguration(
                inputShape: ImageShape(height: 28, width: 28, channels: 1), layers: layers),
            batchSize: 100, epochs: 1, initialWeights: weights)
        model = try Model(experiment.model, loss: experiment.loss)
    }

    /// The parameters that training begins with when the user names a file.
    func parameters(from path: String) throws -> [Float] {
        let weights = try #require(try InitialWeights(for: experiment, file: path, data: nil, environment: [:]))
        return Self.parameters(try weights.state(model: model, experiment: experiment))
    }

    static func parameters(_ state: ReplicatedState) -> [Float] {
        Array(UnsafeBufferPointer(start: state.parameters.pointer, count: state.parameters.count))
    }

    func problems(with path: String) -> [String] {
        do {
            _ = try parameters(from: path)
            return []
        } catch let InitialWeightsError.mismatch(_, problems) {
            return problems
        } catch {
            return ["\(error)"]
        }
    }

    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Support/KerasWeights/\(name)").path
    }
}

@Suite("Initial weights")
struct InitialWeightsTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }

    /// A torch file of the model's parameters with values that differ everywhere.
    private func torchFile(
        _ model: Model, prefix: String = "", doubles: Bool = false, change: (inout SafetensorsWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var writer = SafetensorsWriter()
        for (number, parameter) in model.parameters.enumerated() {
            let values = (0..<parameter.count).map { Float(number) + Float($0) / 4096 }
            if doubles {
                writer.add(name: prefix + parameter.name, shape: parameter.torchShape, values.map(Double.init))
            } else {
                writer.add(name: prefix + parameter.name, shape: parameter.torchShape, values)
            }
        }
        change(&writer)
        return writer.serialized()
    }

    @Test("from Keras give what Keras predicts, in either form, by name or by place")
    func keras() throws {
        let expected = try Safetensors(path: WeightsCase.fixture("small-predictions.safetensors"))
        let probabilities = try expected.floats(named: "probabilities")
        let dataset = try ImageDataset(
            name: "three images", height: 28, width: 28, channels: 1, classNames: FashionMNIST.classNames,
            pixels: expected.bytes(named: "pixels"), labels: [0, 1, 2])
        var first: [Float]?
        for named in [true, false] {
            let testCase = try WeightsCase(named: named)
            for name in ["small.h5", "small.weights.h5"] {
                let weights = try #require(
                    try InitialWeights(
                        for: testCase.experiment, file: WeightsCase.fixture(name), data: nil, environment: [:]))
                let state = try weights.state(model: testCase.model, experiment: testCase.experiment)
                #expect(WeightsCase.parameters(state) == first ?? WeightsCase.parameters(state))
                first = WeightsCase.parameters(state)
                let evaluator = try Evaluator(
                    experiment: testCase.experiment, model: testCase.model, dataset: dataset,
                    kernels: SmallCase.widest, threadCount: 1)
                let logits = evaluator.evaluate(state).logits
                for sample in 0..<3 {
                    let powers = (0..<10).map { exp(Double(logits[sample * 10 + $0])) }
                    let sum = powers.reduce(0, +)
                    for index in 0..<10 {
                        #expect(abs(powers[index] / sum - Double(probabilities[sample * 10 + index])) < 1e-6)
                    }
                }
            }
        }
    }

    /// The values of a layer, in the order of its parameters.
    private func layer(_ name: String, _ parameters: [Float], of model: Model) -> [Float] {
        model.parameters.filter { $0.layerName == name }
            .flatMap { parameters[$0.arenaOffset..<$0.arenaOffset + $0.count] }
    }

    @Test("layers of another size keep their random start where mismatches are skipped, also after a digest")
    func skipped() throws {
        let (small, wide) = (try WeightsCase(), try WeightsCase(filters: 4))
        let random = WeightsCase.parameters(ReplicatedState(model: wide.model, experiment: wide.experiment))
        let files = [WeightsCase.fixture("small.h5"), try write(torchFile(small.model), "torch")]
        for file in files {
            #expect(wide.problems(with: file).count >= 3)
            let filled = try small.parameters(from: file)
            let weights = try #require(
                try InitialWeights(
                    for: wide.experiment, file: file, skipsMismatches: true, data: nil, environment: [:]))
            let start = try weights.start(model: wide.model, experiment: wide.experiment)
            let parameters = WeightsCase.parameters(start.state)
            #expect(start.skipped.count >= 4, "\(start.skipped)")
            #expect(start.skipped.last == "with a random start: block2_conv1, hidden")
            for name in ["block1_conv1", "predictions"] {
                #expect(layer(name, parameters, of: wide.model) == layer(name, filled, of: small.model), "\(name)")
            }
            for name in ["block2_conv1", "hidden"] {
                #expect(layer(name, parameters, of: wide.model) == layer(name, random, of: wide.model), "\(name)")
            }
            // The experiment of the run says so, and so gives the same start.
            let resolved = weights.resolving(wide.experiment)
            #expect(resolved.digest != wide.experiment.digest && resolved.initialWeights?.skipsMismatches == true)
            let again = try #require(
                try InitialWeights(for: resolved, file: file, data: nil, environment: [:]))
            #expect(WeightsCase.parameters(try again.state(model: wide.model, experiment: resolved)) == parameters)
        }
        var nothing = SafetensorsWriter()
        nothing.add(name: "other.weight", shape: [1], [Float(1)])
        let path = try write(nothing.serialized(), "nothing")
        let weights = try #require(
            try InitialWeights(for: wide.experiment, file: path, skipsMismatches: true, data: nil, environment: [:]))
        do {
            _ = try weights.start(model: wide.model, experiment: wide.experiment)
            Issue.record("a start from a file of which no layer matches")
        } catch let InitialWeightsError.mismatch(_, problems) {
            #expect(problems.first == "no layer matches" && problems.contains("\"other.weight\" is not in the model"))
        }
    }

    @Test("from torch: names as they are or behind one prefix, floats or doubles")
    func torch() throws {
        let testCase = try WeightsCase(named: false)
        let plain = try testCase.parameters(from: write(torchFile(testCase.model), "plain"))
        let flat = try #require(testCase.model.parameters.first { $0.name == "fc1.weight" })
        // Row 1 inside is position 0, channel 1; torch has 25 positions a channel.
        #expect(plain[flat.arenaOffset + 4] == 4 + Float(25) / 4096)
        for (prefix, doubles) in [("net.", false), ("module.model.", true), ("model.", false)] {
            let path = try write(torchFile(testCase.model, prefix: prefix, doubles: doubles), "other")
            #expect(try testCase.parameters(from: path) == plain, "\(prefix)")
        }
    }

    /// The names of a plain `nn.Sequential(Conv2d, ReLU, MaxPool2d, Conv2d, …)`; the numbers are not in the order of
    /// their bytes.
    private func numbered(
        _ model: Model, prefix: String = "", numbers: [Int] = [0, 3, 9, 10], extra: String? = nil
    ) -> [UInt8] {
        var layers: [String] = []
        var writer = SafetensorsWriter()
        for (number, parameter) in model.parameters.enumerated() {
            if layers.last != parameter.layerName { layers.append(parameter.layerName) }
            let values = (0..<parameter.count).map { Float(number) + Float($0) / 4096 }
            let suffix = parameter.name.dropFirst(parameter.layerName.count)
            writer.add(name: "\(prefix)\(numbers[layers.count - 1])\(suffix)", shape: parameter.torchShape, values)
        }
        if let extra { writer.add(name: extra, shape: [1], [Float(0)]) }
        return writer.serialized()
    }

    @Test("from a plain nn.Sequential: layers by their numbers")
    func sequential() throws {
        for named in [true, false] {
            let testCase = try WeightsCase(named: named)
            let plain = try testCase.parameters(from: write(torchFile(testCase.model), "plain"))
            for prefix in ["", "net."] {
                let path = try write(numbered(testCase.model, prefix: prefix), "numbered")
                #expect(testCase.problems(with: path) == [])
                #expect(try testCase.parameters(from: path) == plain, "\(prefix)")
            }
        }
    }

    @Test("refuse a plain nn.Sequential of other layers")
    func otherSequential() throws {
        let testCase = try WeightsCase()
        func problems(_ bytes: [UInt8]) throws -> [String] { testCase.problems(with: try write(bytes, "numbered")) }
        #expect(
            try problems(numbered(testCase.model, extra: "11.weight"))
                == ["the file numbers 5 layers, the model needs 4"])
        #expect(
            try problems(numbered(testCase.model, extra: "10.running_mean"))
                == ["\"10.running_mean\" is not in the model"])
        let other = try WeightsCase(filters: 4)
        #expect(try problems(numbered(other.model)).contains { $0.contains("3.weight has shape [4, 2, 3, 3]") })
    }

    @Test("from half-precision files are those values", arguments: [Safetensors.ElementType.float16, .brainFloat16])
    func halfPrecision(type: Safetensors.ElementType) throws {
        let testCase = try WeightsCase()
        // 1, −2.5, the smallest positive value, and 0.
        let bits: [UInt16] = type == .float16 ? [0x3C00, 0xC100, 0x0001, 0] : [0x3F80, 0xC020, 0x0001, 0]
        let values: [Float] = [1, -2.5, type == .float16 ? 0x1p-24 : 0x1p-133, 0]
        var (half, full) = (SafetensorsWriter(), SafetensorsWriter())
        for parameter in testCase.model.parameters {
            let bytes = (0..<parameter.count).flatMap { [UInt8(bits[$0 % 4] & 0xFF), UInt8(bits[$0 % 4] >> 8)] }
            half.add(name: parameter.name, type, shape: parameter.torchShape, bytes: bytes)
            full.add(name: parameter.name, shape: parameter.torchShape, (0..<parameter.count).map { values[$0 % 4] })
        }
        let path = try write(half.serialized(), "half")
        #expect(testCase.problems(with: path) == [])
        #expect(try testCase.parameters(from: path) == testCase.parameters(from: write(full.serialized(), "full")))
    }

    @Test("from a checkpoint are its parameters, with slots and progress at the beginning")
    func checkpoint() throws {
        let small = try SmallCase(training: 64, validation: 16, batchSize: 32)
        let path = try write(small.trainedAlone(), "last.safetensors")
        let weights = try #require(
            try InitialWeights(for: small.experiment, file: path, data: nil, environment: [:]))
        let resolved = weights.resolving(small.experiment)
        let state = try weights.state(model: small.model, experiment: resolved)
        let trained = try ReplicatedState(
            checkpoint: Safetensors(path: path), model: small.model, experiment: small.experiment)
        #expect(WeightsCase.parameters(state) == WeightsCase.parameters(trained))
        #expect(state.progress == TrainingProgress())
        #expect(state.slots.allSatisfy { slot in (0..<slot.count).allSatisfy { slot.pointer[$0] == 0 } })
        #expect(resolved.digest != small.experiment.digest)
        // The first checkpoint of the new run reads back.
        _ = try ReplicatedState(
            checkpoint: Safetensors(bytes: state.encoded(model: small.model, experiment: resolved)),
            model: small.model, experiment: resolved, schedule: small.schedule)
    }

    @Test("name everything that does not match")
    func mismatch() throws {
        let testCase = try WeightsCase()
        let keras = testCase.problems(with: WeightsCase.fixture("other.weights.h5"))
        #expect(keras.count == 3)
        for name in ["block2_conv1.weight", "block2_conv1.bias", "hidden.weight"] {
            #expect(keras.contains { $0.contains(name) && $0.contains("[") }, "\(name) in \(keras)")
        }
        let base = testCase.problems(with: WeightsCase.fixture("keras-2-notop.h5"))
        #expect(base.count == 1 && base[0].contains("0 dense layers") && base[0].contains("hidden, predictions"))
        let larger = try WeightsCase(named: false)
        var file = SafetensorsWriter()
        file.add(name: "conv1.weight", shape: [2, 1, 3, 3], [Float](repeating: .nan, count: 18))
        file.add(name: "conv1.bias", shape: [3], [Float](repeating: 0, count: 3))
        file.add(name: "fc1.bias", shape: [4], [Int64](repeating: 0, count: 4))
        file.add(name: "conv9.bias", shape: [1], [Float(0)])
        let torch = larger.problems(with: try write(file.serialized(), "torch"))
        let parts = [
            "conv1.bias has shape [3]", "conv2.weight is missing", "fc1.bias has type I64", "conv9.bias", "finite",
        ]
        for part in parts {
            #expect(torch.contains { $0.contains(part) }, "\(part) in \(torch)")
        }
        #expect(torch.count == 9)
    }

    @Test("of a group leave the other layers at their random start")
    func group() throws {
        let path = WeightsCase.fixture("keras-2-notop.h5")
        let configuration = InitialWeightsConfiguration(origin: .file("base.h5"), layers: .vgg16)
        let testCase = try WeightsCase(weights: configuration)
        let random = WeightsCase.parameters(ReplicatedState(model: testCase.model, experiment: testCase.experiment))
        let started = try testCase.parameters(from: path)
        for parameter in testCase.model.parameters {
            let isBase = parameter.name.hasPrefix("block")
            #expect((started[parameter.arenaRange] == random[parameter.arenaRange]) == (!isBase), "\(parameter.name)")
        }
        // A checkpoint that the user names fills the whole model.
        var trained = ReplicatedState(model: testCase.model, experiment: testCase.experiment)
        for index in 0..<trained.parameters.count { trained.parameters.pointer[index] = Float(index) }
        let checkpoint = try write(trained.encoded(model: testCase.model, experiment: testCase.experiment), "whole")
        trained = ReplicatedState(model: testCase.model, experiment: testCase.experiment)
        let whole = try testCase.parameters(from: checkpoint)
        for parameter in testCase.model.parameters {
            #expect(whole[parameter.arenaRange] == ArraySlice(parameter.arenaRange.map { Float($0) }))
        }
        let other = try WeightsCase(named: false, weights: configuration)
        #expect(other.problems(with: path) == ["the model has no layers of the group vgg16"])
    }

    @Test("are searched in the folders of the user, and in the caches")
    func search() throws {
        let testCase = try WeightsCase(weights: InitialWeightsConfiguration(origin: .file("small.h5")))
        func found(data: String? = nil, _ environment: [String: String]) throws -> String? {
            try InitialWeights(for: testCase.experiment, file: nil, data: data, environment: environment)?.path
        }
        do {
            _ = try found(data: "one", ["SELVEDGE_DATA": "two", "HOME": "three"])
            Issue.record("found a file that is not there")
        } catch let InitialWeightsError.missing(file, searched) {
            #expect(file == "small.h5")
            #expect(searched == ["one", "two", "three/.cache/selvedge", "three/.keras/models", "."])
        }
        try FileManager.default.createDirectory(
            atPath: "\(folder)/.keras/models", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: WeightsCase.fixture("small.h5"), toPath: "\(folder)/.keras/models/small.h5")
        #expect(try found(["HOME": folder]) == "\(folder)/.keras/models/small.h5")
        let tensors = try write(torchFile(testCase.model), "small.safetensors")
        #expect(try found(data: folder, ["HOME": folder]) == tensors)
        #expect(throws: InitialWeightsError.missingRun(experiment: "no-such")) {
            var experiment = testCase.experiment
            experiment.initialWeights?.origin = .run("no-such")
            _ = try InitialWeights(for: experiment, file: nil, data: nil, environment: [:])
        }
    }

    @Test("must be the ones that the experiment was made with")
    func digests() throws {
        let path = WeightsCase.fixture("small.h5")
        let digest = SHA256Digest(of: Array(try Data(contentsOf: URL(filePath: path))))
        func weights(_ digest: SHA256Digest, file: String?) throws -> InitialWeights? {
            let testCase = try WeightsCase(weights: InitialWeightsConfiguration(digest: digest))
            return try InitialWeights(for: testCase.experiment, file: file, data: nil, environment: [:])
        }
        #expect(try weights(digest, file: path)?.digest == digest)
        #expect(throws: InitialWeightsError.unnamed(digest)) { try weights(digest, file: nil) }
        let other = SHA256Digest(of: [1])
        #expect(throws: InitialWeightsError.otherDigest(path: path, found: digest, expected: other)) {
            try weights(other, file: path)
        }
    }

    @Test("are not read from archives, nor from other files")
    func otherFiles() throws {
        let testCase = try WeightsCase()
        let archive = try write(Array("PK\u{3}\u{4}rest".utf8), "model.keras")
        #expect(throws: InitialWeightsError.archive(path: archive)) { try testCase.parameters(from: archive) }
        let text = try write(Array("hello, weights".utf8), "text")
        #expect(throws: InitialWeightsError.self) { try testCase.parameters(from: text) }
    }
}
