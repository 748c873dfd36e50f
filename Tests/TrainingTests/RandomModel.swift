import Experiments
import Foundation
import NeuralNetwork
import TestSupport
import Testing

@testable import Datasets
@testable import Training

/// A random experiment with its files, and what PyTorch computes for it in Float64: a line that scripts/make-fixtures
/// wrote.
struct RandomModel: Decodable {
    static let count = 40

    /// A number, and how far Float32 arithmetic may be from it.
    struct Value: Decodable {
        let value: Double
        let tolerance: Double

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            (value, tolerance) = (try pair.decode(Double.self), try pair.decode(Double.self))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case seed, files, losses, correct, tensors
        case text = "experiment"
        case validationLosses = "validation_losses"
    }

    private let seed: Int
    private let text: String
    /// Data and initial weights, packed.
    private let files: [String: Data]
    /// By step.
    let losses: [Value]
    /// By epoch; empty without validation.
    let validationLosses: [Value]
    /// By epoch: right predictions in training and in validation.
    let correct: [[Int]]
    /// By name: a projection for each of `projectionFactors`.
    let tensors: [String: [Value]]

    /// The line of a seed from 1.
    init(seed: Int) throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/random-models", withExtension: "jsonl"))
        let lines = try Data(contentsOf: url).split(separator: UInt8(ascii: "\n"))
        try #require(lines.count == Self.count)
        self = try JSONDecoder().decode(RandomModel.self, from: lines[seed - 1])
        try #require(self.seed == seed)
    }

    var experiment: Experiment {
        get throws { try Experiment(yaml: text, source: "seed \(seed)") }
    }

    /// The experiment with its data, read from files in `folder`, and the state before its first step.
    func load(in folder: TemporaryFolder) throws -> (small: SmallCase, start: @Sendable () throws -> ReplicatedState) {
        for (name, bytes) in files { try folder.write([UInt8](bytes), to: name) }
        let packed = try folder.bytes("initial.safetensors.gz")
        var source = try GzipSource(MemorySource(packed), file: "initial.safetensors.gz")
        let file = try folder.write(source.bytes(atMost: 1 << 20), to: "initial.safetensors")
        let experiment = try experiment
        let (dataset, _) = try DatasetLookup.load(experiment, data: folder.path, environment: [:])
        let small = try SmallCase(experiment: experiment, dataset: dataset)
        try dataset.check(fits: small.model)
        let weights = try #require(try InitialWeights(for: experiment, file: file, data: nil, environment: [:]))
        return (small, { try weights.state(model: small.model, experiment: experiment) })
    }

    /// Projections Σ (frac(i · factor) − ½) · w_i see every element, and the order of elements.
    static let projectionFactors = [(5.0.squareRoot() - 1) / 2, 2.0.squareRoot() - 1]

    /// The projections of a tensor, i being from 1 in PyTorch's layout.
    static func projections(_ parameter: ParameterDescription, _ state: ReplicatedState) -> [Double] {
        let values = [Float](unsafeUninitializedCapacity: parameter.count) { buffer, count in
            if let base = buffer.baseAddress {
                parameter.toTorch(state.parameters.pointer + parameter.arenaOffset, base)
            }
            count = parameter.count
        }
        return projectionFactors.map { factor in
            values.enumerated().reduce(0) { sum, element in
                let product = Double(element.offset + 1) * factor
                return sum + (product - product.rounded(.down) - 0.5) * Double(element.element)
            }
        }
    }
}
