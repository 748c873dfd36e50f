import Core
import Glibc
import KernelInterface
import TestSupport
import Testing

@testable import NeuralNetwork

@Suite("Optimizer")
struct OptimizerTests {
    @Test("α has both bias corrections")
    func stepSize() {
        let adam = Adam()
        // At the first step the corrections are √(1 − β₂) and 1 − β₁.
        let (beta1, beta2) = (Double(adam.beta1), Double(adam.beta2))
        let expected = Double(adam.learningRate) * (1 - beta2).squareRoot() / (1 - beta1)
        func stepSize(_ number: Int) -> Float {
            let memory = AlignedBuffer<Float>(count: 1).pointer
            let step = OptimizerStep(number: number, batchSize: 1, learningRate: adam.learningRate)
            var slots = [memory, memory]
            return slots.withUnsafeMutableBufferPointer { slots in
                guard let base = slots.baseAddress else { return .nan }
                let part = ArenaPart(
                    0..<1, parameters: memory, gradientSum: memory, slots: base, step: step, regularization: .none)
                return adam.arguments(part, step).stepSize
            }
        }
        #expect(stepSize(1) == Float(expected))
        #expect(abs(stepSize(100_000) - adam.learningRate) < 1e-10)
    }

    /// Kingma & Ba's update in Double, with Keras's placing of epsilon. Rounding moments to Float leaves some 1e-6 of a
    /// step.
    @Test("ten updates agree with a computation in Double; ranges cover just themselves")
    func updates() throws {
        let run = TestRun(
            model: try FixtureModels.model("dense-softmax"), kernels: KernelSets.best, inputs: [], labels: [])
        let count = run.model.arenaCount
        var random = SeededGenerator(seed: 2)
        let start = random.floats(count)
        let arena = TrainedArena(run, OptimizerConfiguration(Adam()), start: start)
        var expected = start.map(Double.init)
        var (first, second) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        for step in 1...10 {
            let gradient = random.floats(count, in: -3...3)
            arena.train(gradientSum: gradient, batchSize: 7, number: step, learningRate: 0.001)
            let (beta1, beta2) = (0.9, 0.999)
            let rate = 0.001 * (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
            for index in 0..<count {
                let mean = Double(gradient[index]) / 7
                first[index] += (mean - first[index]) * (1 - beta1)
                second[index] += (mean * mean - second[index]) * (1 - beta2)
                expected[index] -= rate * first[index] / (second[index].squareRoot() + 1e-7)
            }
        }
        #expect(zip(arena.values, expected).allSatisfy { abs(Double($0) - $1) < 5e-7 })
    }

    /// torch.optim.Adam, Adam with `weight_decay` of Keras, and AdamW of both, in Double.
    @Test("the weight decay is part of the gradient in PyTorch's Adam only", arguments: OptimizerConvention.allCases)
    func weightDecay(convention: OptimizerConvention) throws {
        let run = TestRun(
            model: try FixtureModels.model("dense-softmax"), kernels: KernelSets.best, inputs: [], labels: [])
        let count = run.model.arenaCount
        for isDecoupled in [false, true] {
            let optimizer = Adam(epsilon: 1e-3, weightDecay: 0.1, isDecoupled: isDecoupled, convention: convention)
            var random = SeededGenerator(seed: 5)
            let start = random.floats(count)
            let arena = TrainedArena(run, OptimizerConfiguration(optimizer), start: start)
            var expected = start.map(Double.init)
            var (first, second) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
            for step in 1...5 {
                let gradient = random.floats(count, in: -3...3)
                arena.train(gradientSum: gradient, batchSize: 7, number: step, learningRate: 0.01)
                let (firstCorrection, secondCorrection) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
                for index in 0..<count {
                    var mean = Double(gradient[index]) / 7
                    if convention == .torch && !isDecoupled {
                        mean += 0.1 * expected[index]
                    } else {
                        expected[index] -= 0.01 * 0.1 * expected[index]
                    }
                    first[index] += (mean - first[index]) * 0.1
                    second[index] += (mean * mean - second[index]) * 0.001
                    let root =
                        convention == .torch
                        ? (second[index] / secondCorrection).squareRoot() + 1e-3
                        : (second[index].squareRoot() + 1e-3) / secondCorrection.squareRoot()
                    expected[index] -= 0.01 * first[index] / firstCorrection / root
                }
            }
            #expect(
                zip(arena.values, expected).allSatisfy { abs(Double($0) - $1) < 2e-6 },
                "\(convention), decoupled \(isDecoupled)")
        }
    }

    @Test("any split of the arena gives the same bits")
    func ranges() throws {
        let kernels = KernelSets.best
        let count = 331
        var random = SeededGenerator(seed: 4)
        let (start, gradient) = (random.floats(count), random.floats(count))
        func update(_ ranges: [Range<Int>]) -> [UInt32] {
            let buffers = [start, gradient, [Float](repeating: 0, count: count), [Float](repeating: 0, count: count)]
            let memory = buffers.map { values in
                let buffer = AlignedBuffer<Float>(count: count)
                for index in values.indices { buffer.pointer[index] = values[index] }
                return buffer
            }
            for range in ranges {
                Optimizer(OptimizerConfiguration(Adam())).update(
                    kernels: kernels, range: range, parameters: memory[0].pointer,
                    slots: [memory[2].pointer, memory[3].pointer], gradientSum: memory[1].pointer,
                    step: Optimizer.Step(number: 3, batchSize: 5, learningRate: 0.001))
            }
            return memory.flatMap { buffer in (0..<count).map { buffer.pointer[$0].bitPattern } }
        }
        #expect(update([0..<count]) == update([0..<7, 7..<7, 7..<160, 160..<count]))
    }

    @Test("a zero gradient leaves zeros, so padding stays zero")
    func padding() {
        let memory = (0..<4).map { _ in AlignedBuffer<Float>(count: 16) }
        Optimizer(OptimizerConfiguration(Adam())).update(
            kernels: KernelSets.best, range: 0..<16, parameters: memory[0].pointer,
            slots: [memory[1].pointer, memory[2].pointer], gradientSum: memory[3].pointer,
            step: Optimizer.Step(number: 1, batchSize: 5, learningRate: 0.001))
        #expect(memory.allSatisfy { buffer in (0..<16).allSatisfy { buffer.pointer[$0] == 0 } })
    }
}
