import Testing

@testable import Runs

/// Weights files that scripts/make-keras-weights wrote with Keras and h5py.
enum KerasFixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let tests = PathText.parent(of: PathText.parent(of: #filePath))
        return try FileOperations().read("\(tests)/Support/KerasWeights/\(name)", byteLimit: 1 << 24)
    }

    static func weights(_ name: String) throws -> KerasWeights {
        do {
            return try KerasWeights(bytes: bytes(name), file: name)
        } catch let error as KerasWeightsError {
            if case .noLibrary = error.problem { Issue.record("libhdf5 is missing, so nothing is tested: \(error)") }
            throw error
        }
    }

    /// What the script wrote into its tensor number `number`.
    static func values(_ number: Int, _ count: Int) -> [Float] {
        (0..<count).map { Float(Double(number) + Double($0) / 1000) }
    }
}

@Suite("Keras weights files")
struct KerasWeightsTests {
    @Test("as Keras 2 wrote them: in the model's order, without the layers that have no weights")
    func keras2() throws {
        let weights = try KerasFixture.weights("keras-2-notop.h5")
        #expect(weights.isInModelOrder)
        #expect(weights.layers.map(\.name) == ["block1_conv1", "block2_conv1"])
        #expect(weights.layers.map { $0.tensors.map(\.shape) } == [[[3, 3, 1, 2], [2]], [[3, 3, 2, 3], [3]]])
        let tensor = try #require(weights.layers.last?.tensors.first)
        #expect(tensor.path == "/block2_conv1/block2_conv1/kernel:0")
        #expect(tensor.values.count == 54 && abs(tensor.values[53] - 0.053) < 1e-6)
    }

    /// A model in a model, two dense layers whose names sort against their order, and a normalisation with four
    /// tensors.
    private static let nestedShapes = [
        "block1_conv1": [[3, 3, 1, 2], [2]], "norm": [[2], [2], [2], [2]], "zeta": [[8, 2], [2]],
        "alpha": [[2, 3], [3]],
    ]

    @Test("as Keras 3 writes models", arguments: ["nested.h5", "nested.weights.h5"])
    func keras3(name: String) throws {
        let weights = try KerasFixture.weights(name)
        #expect(weights.isInModelOrder == (name == "nested.h5"))
        let order = ["block1_conv1", "norm", "zeta", "alpha"]
        let found = weights.layers.map(\.name)
        #expect(weights.isInModelOrder ? found == order : Set(found) == Set(order) && found.count == 4)
        // Layers of one class keep their order in either form.
        #expect(found.filter { $0 == "zeta" || $0 == "alpha" } == ["zeta", "alpha"])
        for layer in weights.layers {
            #expect(layer.tensors.map(\.shape) == Self.nestedShapes[layer.name], "\(layer.name)")
            #expect(layer.container.isEmpty == (layer.name == "zeta" || layer.name == "alpha"), "\(layer.name)")
        }
        let last = try #require(weights.layers.first { $0.name == "zeta" })
        // Keras lists a model's weights trained ones first; the moving mean and variance are last.
        #expect(last.tensors[0].values.count == 16)
        #expect(last.tensors[0].values[1] - last.tensors[0].values[0] > 0)
    }

    @Test("both forms of one model hold the same numbers")
    func sameNumbers() throws {
        func values(_ name: String) throws -> [String: [[Float]]] {
            let layers = try KerasFixture.weights(name).layers
            return Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.tensors.map(\.values)) })
        }
        #expect(try values("nested.h5") == values("nested.weights.h5"))
    }

    @Test("doubles of either byte order become floats, rounded to the nearest")
    func doubles() throws {
        let tensors = try KerasFixture.weights("doubles.weights.h5").layers[0].tensors
        #expect(tensors[0].shape == [2, 3])
        #expect(tensors[0].values == (0..<6).map { Float(Double($0) / 3) })
    }

    @Test("names with numbers are in the order of the numbers")
    func counting() {
        let names = ["dense_10", "dense", "conv2d_2", "dense_9", "conv2d", "dense_1", "conv2d_1"]
        #expect(
            names.sorted(by: KerasWeights.precedes)
                == ["conv2d", "conv2d_1", "conv2d_2", "dense", "dense_1", "dense_9", "dense_10"])
        #expect(["10", "9", "0"].sorted(by: KerasWeights.precedes) == ["0", "9", "10"])
    }
}
