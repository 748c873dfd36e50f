import Datasets
import Experiments
import NeuralNetwork
import Runs
import Testing

@testable import Training

@Suite("The bytes of a state")
struct StateEncodingTests {
    @Test("hold every tensor under its torch name, in torch's shape and order")
    func tensors() throws {
        let small = try SmallCase(training: 23, validation: 3, batchSize: 5)
        let state = small.freshState()
        for index in 0..<small.model.arenaCount {
            state.slots[0].pointer[index] = Float(index)
            state.slots[1].pointer[index] = Float(index) / 2
        }
        let file = try Safetensors(bytes: small.bytes(state))
        let shapes = [
            "conv1.weight": [5, 1, 3, 3], "conv1.bias": [5], "fc1.weight": [11, 20], "fc1.bias": [11],
            "fc2.weight": [10, 11], "fc2.bias": [10],
        ]
        #expect(file.tensors.count == 3 * shapes.count)
        for (name, shape) in shapes {
            for prefix in ["model.", "optimizer.exp_avg.", "optimizer.exp_avg_sq."] {
                let tensor = try #require(file.tensor(named: prefix + name), "\(prefix + name)")
                #expect(tensor.shape == shape)
                #expect(tensor.elementType == .float32)
            }
        }
        // conv [kh, kw, ci, co] becomes [co, ci, kh, kw]; the slot holds arena indices, so each value is its old index.
        let convolution = try #require(small.model.parameters.first { $0.name == "conv1.weight" })
        let first = Float(convolution.arenaOffset)
        let values = try file.floats(named: "optimizer.exp_avg.conv1.weight")
        for output in 0..<5 {
            for place in 0..<9 { #expect(values[output * 9 + place] == first + Float(place * 5 + output)) }
        }
        // dense [in, out] in height, width, channel order becomes [out, in] in channel, height, width order: 2 × 2 × 5
        // here.
        let dense = try #require(small.model.parameters.first { $0.name == "fc1.weight" })
        let rows = try file.floats(named: "optimizer.exp_avg.fc1.weight")
        for output in 0..<11 {
            for channel in 0..<5 {
                for place in 0..<4 {
                    let expected = Float(dense.arenaOffset + (place * 5 + channel) * 11 + output)
                    #expect(rows[output * 20 + channel * 4 + place] == expected)
                }
            }
        }
    }

    @Test("has format, arithmetic, experiment, progress and metrics, and nothing else")
    func metadata() throws {
        let small = try SmallCase(training: 23, validation: 3, batchSize: 5, epochs: 2)
        let file = try Safetensors(bytes: small.bytes(afterSteps: 6))
        #expect(
            Set(file.metadata.keys) == [
                "format", "arithmetic", "experiment", "round", "epoch_loss_sum", "epoch_correct", "epoch_samples",
                "metrics",
            ])
        #expect(file.metadata["format"] == "pt")
        #expect(file.metadata["arithmetic"] == String(Arithmetic.version))
        #expect(file.metadata["experiment"] == small.experiment.canonicalForm)
        #expect(file.metadata["round"] == "7")
        #expect(file.metadata["epoch_samples"] == "5")
        #expect(file.metadata["metrics"]?.split(separator: "\n").count == 1)
    }

    @Test("survive decoding bit for bit, whatever the weights are")
    func oddValues() throws {
        let small = try SmallCase(training: 23, validation: 3, batchSize: 5)
        let state = small.freshState()
        let odd: [Float] = [.nan, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        let parameter = try #require(small.model.parameters.last)
        for (index, value) in odd.enumerated() { state.parameters.pointer[parameter.arenaOffset + index] = value }
        let bytes = small.bytes(state)
        #expect(try small.bytes(small.decoded(bytes)) == bytes)
    }

    @Test("do not depend on the padding between tensors")
    func padding() throws {
        let small = try SmallCase(training: 23, validation: 3, batchSize: 5)
        let state = small.freshState()
        let bytes = small.bytes(state)
        var isUsed = [Bool](repeating: false, count: small.model.arenaCount)
        for parameter in small.model.parameters {
            for index in parameter.arenaOffset..<parameter.arenaOffset + parameter.count { isUsed[index] = true }
        }
        for index in isUsed.indices where !isUsed[index] { state.parameters.pointer[index] = 5 }
        #expect(isUsed.contains(false))
        #expect(small.bytes(state) == bytes)
    }
}
