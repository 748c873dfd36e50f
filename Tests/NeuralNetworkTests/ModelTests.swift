import TestSupport
import Testing

@testable import NeuralNetwork

@Suite("A checked model: summary, arena and buckets")
struct ModelTests {
    @Test("A-1 has Keras's layers, shapes and counts")
    func summary() throws {
        let model = try Model(conv32, loss: CategoricalCrossEntropy())
        let rows = model.layers.map { "\($0.name) \($0.type) \($0.outputShapeText) \($0.parameterCount)" }
        #expect(
            rows == [
                "conv2d Conv2D (None, 26, 26, 32) 320", "max_pooling2d MaxPooling2D (None, 13, 13, 32) 0",
                "flatten Flatten (None, 5408) 0", "dense Dense (None, 32) 173088", "dense_1 Dense (None, 10) 330",
            ])
        #expect(model.parameterCount == 173_738)
        #expect(model.classCount == 10 && model.inputElementCount == 784)
    }

    @Test("D-8 has the published number of parameters")
    func publishedCount() throws {
        let configuration = ModelConfiguration(
            inputShape: ImageShape(height: 28, width: 28, channels: 1),
            layers: [
                convolution(64, 3, 3, .same), .maxPool2D, convolution(128, 3, 3, .same), .maxPool2D,
                convolution(128, 3, 3, .same), .flatten, dense(256, .relu), dense(64, .relu), dense(10, .softmax),
            ])
        #expect(try Model(configuration, loss: CategoricalCrossEntropy()).parameterCount == 1_845_066)
    }

    @Test("tensors have torch's names and shapes and lie in layer order at multiples of 16")
    func arena() throws {
        let model = try FixtureModels.model("deep-sigmoid")
        let rows = model.parameters.map { "\($0.name) \($0.internalShape) \($0.torchShape) \($0.arenaOffset)" }
        #expect(
            rows == [
                "conv1.weight [2, 3, 1, 4] [4, 1, 2, 3] 0", "conv1.bias [4] [4] 32",
                "conv2.weight [2, 2, 4, 3] [3, 4, 2, 2] 48", "conv2.bias [3] [3] 96",
                "fc1.weight [3, 4] [4, 3] 112", "fc1.bias [4] [4] 128", "fc2.weight [4, 5] [5, 4] 144",
                "fc2.bias [5] [5] 176",
            ])
        #expect(model.arenaCount == 192)
    }

    @Test("buckets run from the output back, without gaps, large dense layers cut, small layers joined to the next")
    func buckets() throws {
        let model = try Model(conv32, loss: CategoricalCrossEntropy())
        let dense = try #require(model.parameters.first { $0.name == "fc1.weight" }).arenaOffset
        // Parts of 16, 16 and 16.3 times 112 rows of 32 weights.
        let cuts = [dense, dense + 57_344, dense + 114_688, model.arenaCount]
        #expect(model.buckets == zip(cuts, cuts.dropFirst()).reversed().map { $0..<$1 } + [0..<dense])
        for name in FixtureModels.names {
            let small = try FixtureModels.model(name)
            #expect(small.buckets == [0..<small.arenaCount])
        }
    }

    @Test("a tensor survives the way to torch's layout and back, and the first Dense has torch's CHW order")
    func torchLayout() throws {
        let model = try FixtureModels.model("same-softmax")
        var random = SeededGenerator(seed: 3)
        for parameter in model.parameters {
            let values = random.floats(parameter.count)
            var torch = [Float](repeating: .nan, count: parameter.count)
            var back = torch
            parameter.toTorch(values, &torch)
            parameter.fromTorch(torch, &back)
            #expect(back == values, "\(parameter.name)")
            guard parameter.name == "fc1.weight" else { continue }
            // The image before Flatten is 4×4×5: row (y·4 + x)·5 + c inside is column c·16 + y·4 + x in torch.
            let (y, x, channel, unit) = (1, 3, 2, 1)
            #expect(torch[unit * 80 + channel * 16 + y * 4 + x] == values[((y * 4 + x) * 5 + channel) * 3 + unit])
        }
    }

    @Test("vectors of a normalisation behind Flatten have torch's CHW order, as the dense weight behind them has")
    func torchLayoutOfNormalization() throws {
        let layers: [LayerConfiguration] = [
            .flatten, .batchNormalization(), dense(4, .softmax),
            .batchNormalization(), dense(3, .softmax),
        ]
        let model = try Model(
            ModelConfiguration(inputShape: image(2, 3, 5), layers: layers), loss: CategoricalCrossEntropy())
        for name in ["bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn2.weight"] {
            let parameter = try #require(model.parameters.first { $0.name == name })
            let values = (0..<parameter.count).map { Float($0) }
            var torch = values
            var back = values
            parameter.toTorch(values, &torch)
            parameter.fromTorch(torch, &back)
            #expect(back == values)
            // Element (channel, y, x) in torch is element (y, x, channel) inside; bn2 follows a dense layer.
            let channelFirst = (0..<5).flatMap { channel in (0..<6).map { Float($0 * 5 + channel) } }
            #expect(torch == (name == "bn2.weight" ? values : channelFirst), "\(name)")
        }
    }
}
