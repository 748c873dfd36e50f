import Testing

@testable import NeuralNetwork

@Suite("Initial parameters")
struct InitializationTests {
    @Test("weights fill Glorot's interval evenly; biases and padding are zero")
    func distribution() throws {
        let model = try Model(conv32, loss: CategoricalCrossEntropy())
        let arena = model.initialParameters(seed: 1)
        #expect(arena.count == model.arenaCount)
        let limits: [String: Double] = [
            "conv1.weight": (6.0 / (9 + 288)).squareRoot(), "fc1.weight": (6.0 / (5408 + 32)).squareRoot(),
            "fc2.weight": (6.0 / 42).squareRoot(),
        ]
        var isWeight = [Bool](repeating: false, count: arena.count)
        for parameter in model.parameters {
            guard let limit = limits[parameter.name] else { continue }
            let values = parameter.arenaRange.map { Double(arena[$0]) }
            for index in parameter.arenaRange { isWeight[index] = true }
            #expect(values.allSatisfy { abs($0) <= limit * (1 + 1e-7) })
            #expect(values.contains { $0 > 0.9 * limit } && values.contains { $0 < -0.9 * limit })
            // A uniform variable's mean has the deviation limit/√(3n), its mean square limit²·√(4/45)/√n.
            let count = Double(values.count)
            let mean = values.reduce(0, +) / count
            let square = values.reduce(0) { $0 + $1 * $1 } / count
            #expect(abs(mean) < 4 * limit / (3 * count).squareRoot(), "\(parameter.name)")
            let deviation = limit * limit * (4 / 45 / count).squareRoot()
            #expect(abs(square - limit * limit / 3) < 4 * deviation, "\(parameter.name)")
        }
        #expect(zip(arena, isWeight).allSatisfy { $1 || $0 == 0 })
    }

    @Test("the seed decides, and layers of one shape differ")
    func seeds() throws {
        let configuration = ModelConfiguration(
            inputShape: ImageShape(height: 1, width: 8, channels: 1),
            layers: [.flatten, dense(8, .relu), dense(8, .relu), dense(8, .softmax)])
        let model = try Model(configuration, loss: CategoricalCrossEntropy())
        let first = model.initialParameters(seed: 1)
        #expect(first == model.initialParameters(seed: 1))
        #expect(first != model.initialParameters(seed: 2))
        #expect(Array(first[model.parameters[0].arenaRange]) != Array(first[model.parameters[2].arenaRange]))
    }

    @Test("a layer without parameters in between changes no weight")
    func layerKeys() throws {
        let output = dense(4, .softmax)
        let image = ImageShape(height: 4, width: 4, channels: 1)
        let plain = ModelConfiguration(inputShape: image, layers: [.flatten, output])
        let doubled = ModelConfiguration(inputShape: image, layers: [.flatten, .flatten, output])
        let first = try Model(plain, loss: CategoricalCrossEntropy()).initialParameters(seed: 9)
        #expect(try Model(doubled, loss: CategoricalCrossEntropy()).initialParameters(seed: 9) == first)
    }
}
