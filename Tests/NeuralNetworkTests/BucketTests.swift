import KernelInterface
import TestSupport
import Testing

@testable import NeuralNetwork

@Suite("Buckets leave while the backward pass continues")
struct BucketTests {
    /// A model whose layers fill three buckets.
    private static let whole = ModelConfiguration(
        inputShape: ImageShape(height: 14, width: 14, channels: 1),
        layers: [
            convolution(40, 3, 3), convolution(48, 3, 3), .maxPool2D, .flatten, dense(40, .relu), dense(10, .sigmoid),
        ])

    /// A model whose dense layer fills two buckets, with odd numbers of rows and columns, and whose convolution a third.
    private static let cut = ModelConfiguration(
        inputShape: ImageShape(height: 17, width: 17, channels: 1),
        layers: [convolution(9, 3, 3), .flatten, dense(53, .relu), dense(10, .sigmoid)])

    @Test("a bucket is announced on thread 0, in order, when its gradients are final", arguments: 1...3, [whole, cut])
    func announced(threadCount: Int, configuration: ModelConfiguration) throws {
        let model = try Model(configuration, loss: CategoricalCrossEntropy())
        #expect(model.buckets.count == 3)
        let kernels = KernelSets.best
        let threads = try ComputeThreads(count: threadCount)
        let pass = NetworkPass(model: model, kernels: kernels, sampleCapacity: 16, threads: threads)
        var random = SeededGenerator(seed: 8)
        let inputs = random.floats(16 * model.inputElementCount)
        for index in inputs.indices { pass.inputs[index] = inputs[index] }
        for index in 0..<16 { pass.labels[index] = UInt8(index % 10) }
        let parameters = random.parameters(model)
        let gradient = AlignedBuffer<Float>(count: model.arenaCount)
        let early = AlignedBuffer<Float>(count: model.arenaCount)
        let order = AlignedBuffer<Int>(count: 64)
        let program = TestProgram(owned: 0..<8, of: 8, batchSize: 16)
        for _ in 0..<20 {
            gradient.pointer.update(repeating: .nan, count: gradient.count)
            order.pointer[0] = 0
            program.withProgram { program in
                parameters.withUnsafeBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    threads.run { thread in
                        pass.train(
                            thread: thread, sampleCount: 16, parameters: base, program: program,
                            gradient: gradient.pointer, rootStride: 0
                        ) { bucket in
                            order.pointer[0] += 1
                            order.pointer[order.pointer[0]] = bucket
                            let range = model.buckets[bucket]
                            (early.pointer + range.lowerBound).update(
                                from: gradient.pointer + range.lowerBound, count: range.count)
                        }
                    }
                }
            }
            #expect((0...3).map { order.pointer[$0] } == [3, 0, 1, 2])
            for parameter in model.parameters {
                let isFinal = parameter.arenaRange.allSatisfy {
                    early.pointer[$0].bitPattern == gradient.pointer[$0].bitPattern && early.pointer[$0].isFinite
                }
                #expect(isFinal, "\(parameter.name)")
            }
        }
    }

    @Test("a worker whose micro-batches are all empty announces its buckets and has no roots")
    func emptyRun() throws {
        let run = TestRun(
            model: try Model(Self.whole, loss: CategoricalCrossEntropy()), kernels: KernelSets.best,
            threadCount: 2, inputs: [Float](repeating: 0.5, count: 196), labels: [3])
        var random = SeededGenerator(seed: 8)
        let result = try run.train(random.parameters(run.model), owned: 0..<4)
        #expect(result.roots.isEmpty && result.losses.isEmpty && result.buckets == [0, 1, 2])
    }
}
