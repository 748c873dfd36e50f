import KernelInterface
import Kernels
import TestSupport
import Testing

@testable import NeuralNetwork

/// Everything is compared by bit patterns.
@Suite("The same bits however the work is split")
struct EqualBitsTests {
    /// Between them: pooled and plain convolutions, valid and same, gradients shared by rows and by leaves, pooling
    /// alone, both losses.
    static let configurations: [ModelConfiguration] = [
        FixtureModels.configuration("valid-sigmoid"), FixtureModels.configuration("same-softmax"),
        FixtureModels.configuration("deep-sigmoid"), FixtureModels.configuration("dense-softmax"),
        ModelConfiguration(
            inputShape: ImageShape(height: 9, width: 8, channels: 1),
            layers: [
                convolution(18, 3, 3, .same), .maxPool2D, convolution(20, 3, 3, .same), .maxPool2D, .flatten,
                dense(33, .relu), dense(10, .softmax),
            ]),
        // Winograd without pooling, its gradient shared by input channels.
        ModelConfiguration(
            inputShape: ImageShape(height: 7, width: 6, channels: 96),
            layers: [convolution(32, 3, 3, .same), convolution(24, 3, 3, .same), .flatten, dense(4, .softmax)]),
        ModelConfiguration(
            inputShape: ImageShape(height: 9, width: 9, channels: 2),
            layers: [
                convolution(17, 2, 2), convolution(5, 3, 2, .same, .linear), .maxPool2D, .maxPool2D, .flatten,
                dense(4, .sigmoid),
            ]),
        ModelConfiguration(
            inputShape: ImageShape(height: 9, width: 9, channels: 2),
            layers: [
                .resize(Extent(height: 11, width: 10)), .repeatChannels(count: 2), .dropout(rate: 0.1),
                .convolution2D(
                    filters: 18, kernel: Extent(height: 3, width: 2), stride: Extent(height: 2, width: 1),
                    padding: .same),
                .dropout(rate: 0.25),
                .maxPool2D(window: Extent(3), stride: Extent(2), padding: .same),
                .batchNormalization(isGhost: true),
                .averagePool2D(window: Extent(2), stride: Extent(1)),
                convolution(6, 2, 2, .same, .tanh), .activation(.sigmoid), .globalAveragePool2D, .dropout(rate: 0.2),
                dense(7, .softmax), .activation(.linear), dense(4, .softmax),
            ]),
        ModelConfiguration(
            inputShape: ImageShape(height: 6, width: 6, channels: 1),
            layers: [
                .convolution2D(filters: 4, kernel: 3, isTrainable: false),
                .batchNormalization(isTrainable: false),
                convolution(17, 2, 2), .batchNormalization(isTrainable: false),
                .flatten, dense(5, .tanh), dense(4, .sigmoid),
            ]),
        ModelConfiguration(
            inputShape: ImageShape(height: 6, width: 5, channels: 2),
            layers: [
                convolution(7, 2, 2, .same, .gelu), .maxPool2D, .flatten, dense(19, .gelu), dense(9, .silu),
                dense(8, .leakyReLU(slope: 0.1)),
                dense(4, .softmax),
            ]),
        ModelConfiguration(
            inputShape: ImageShape(height: 6, width: 5, channels: 2),
            layers: [
                .zeroPad2D(), convolution(18, 2, 2), .zeroPad2D(top: 0, left: 2), .layerNormalization(),
                .dropout(rate: 0.1), convolution(3, 2, 2, .valid, .linear), .flatten, .layerNormalization(),
                dense(7, .relu), .layerNormalization(isTrainable: false), dense(4, .softmax),
            ]),
    ]

    /// Whether training and evaluation give a sample the same outputs.
    private static func isAlike(_ configuration: ModelConfiguration) -> Bool {
        configuration.layers.map(\.layer).allSatisfy { layer in
            !(layer is Dropout) && !((layer as? BatchNormalization)?.isTrainable ?? false)
        }
    }

    private func run(_ index: Int, sampleCount: Int, kernels: KernelTable = KernelSets.best) throws -> TestRun {
        let model = try Model(Self.configurations[index], loss: CategoricalCrossEntropy())
        var random = SeededGenerator(seed: UInt64(100 + index))
        let inputs = random.floats(sampleCount * model.inputElementCount, in: 0...1)
        let labels = (0..<sampleCount).map { _ in UInt8.random(in: 0..<UInt8(model.classCount), using: &random) }
        return TestRun(
            model: model, kernels: kernels, threadCount: 1, blockSampleCount: 1000, inputs: inputs, labels: labels)
    }

    private func parameters(_ run: TestRun) -> [Float] {
        var random = SeededGenerator(seed: 5)
        return random.parameters(run.model)
    }

    @Test("threads and blocks, for batches that nothing divides", arguments: configurations.indices, [1, 5, 23, 64])
    func threadsAndBlocks(index: Int, sampleCount: Int) throws {
        var run = try run(index, sampleCount: sampleCount)
        let parameters = parameters(run)
        let expected = try run.train(parameters).bits
        let expectedEvaluation = try run.evaluate(parameters).bits
        for threadCount in 1...3 {
            for block in [1, 4, 14, nil] {
                run.threadCount = threadCount
                run.blockSampleCount = block
                #expect(try run.train(parameters).bits == expected, "\(threadCount) threads, block \(block ?? 0)")
                let evaluation = try run.evaluate(parameters).bits
                #expect(evaluation == expectedEvaluation, "\(threadCount) threads, block \(block ?? 0), evaluation")
            }
        }
        guard Self.isAlike(Self.configurations[index]) else { return }
        #expect(expectedEvaluation.losses == expected.losses && expectedEvaluation.logits == expected.logits)
    }

    @Test("workers: the tree over their roots is one worker's sum", arguments: configurations.indices, [3, 23, 64])
    func workers(index: Int, sampleCount: Int) throws {
        var run = try run(index, sampleCount: sampleCount)
        run.threadCount = 2
        let parameters = parameters(run)
        let whole = try run.train(parameters)
        try #require(whole.roots.count == 1)
        for workerCount in [1, 2, 3, 5, 8] {
            var roots: [(node: Range<Int>, values: [Float])] = []
            var losses: [Float] = []
            for worker in 0..<workerCount {
                let owned = 8 * worker / workerCount..<8 * (worker + 1) / workerCount
                let part = try run.train(parameters, owned: owned)
                let nodes = TestProgram(owned: owned, of: 8, batchSize: sampleCount).roots
                roots += zip(nodes, part.roots).map { (node: $0, values: $1) }
                losses += part.losses
            }
            let merged = mergedRoots(roots, count: 8)
            #expect(merged.map(\.bitPattern) == whole.roots[0].map(\.bitPattern), "\(workerCount) workers")
            #expect(losses.map(\.bitPattern) == whole.losses.map(\.bitPattern), "\(workerCount) workers")
        }
    }

    @Test("every instruction set, and kernels written from their documentation", arguments: configurations.indices)
    func instructionSets(index: Int) throws {
        let reference = try run(index, sampleCount: 11, kernels: ReferenceKernels.table)
        let parameters = parameters(reference)
        let expected = try reference.train(parameters).bits
        for set in KernelSets.supported {
            var other = try run(index, sampleCount: 11, kernels: set.table)
            other.threadCount = 2
            other.blockSampleCount = nil
            #expect(try other.train(parameters).bits == expected, "\(set.rawValue)")
        }
    }

    @Test("a second pass through the same memory adds nothing to the first", arguments: configurations.indices)
    func repetition(index: Int) throws {
        var run = try run(index, sampleCount: 23)
        run.threadCount = 2
        let parameters = parameters(run)
        let once = try run.train(parameters)
        let thrice = try run.train(parameters, repetitions: 3)
        #expect(thrice.roots == once.roots && thrice.losses == once.losses)
        #expect(thrice.buckets == Array(repeating: once.buckets, count: 3).flatMap { $0 })
    }

    @Test("padding between tensors stays zero")
    func padding() throws {
        for index in Self.configurations.indices {
            var run = try run(index, sampleCount: 9)
            run.threadCount = 2
            let gradient = try run.train(parameters(run)).roots[0]
            var isTensor = [Bool](repeating: false, count: run.model.arenaCount)
            for parameter in run.model.parameters { for index in parameter.arenaRange { isTensor[index] = true } }
            #expect(zip(gradient, isTensor).allSatisfy { $1 || $0.bitPattern == 0 })
        }
    }
}

/// A result as bit patterns, so that NaN is equal to itself and −0 differs from +0.
struct PassBits: Equatable {
    var roots: [[UInt32]]
    var losses: [UInt32]
    var correct: [UInt8]
    var logits: [UInt32]
    var probabilities: [UInt32]
    var buckets: [Int]
}

extension PassResult {
    var bits: PassBits {
        PassBits(
            roots: roots.map { $0.map(\.bitPattern) }, losses: losses.map(\.bitPattern), correct: correct,
            logits: logits.map(\.bitPattern), probabilities: probabilities.map(\.bitPattern), buckets: buckets)
    }
}
