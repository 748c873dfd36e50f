import KernelInterface
import Kernels
import NeuralNetwork
import Testing

@testable import Training

@Suite("The gradient at a state")
struct GradientProbeTests {
    private static func probe(
        _ small: SmallCase, kernels: KernelTable = SmallCase.widest, threads: Int = 1
    ) throws -> GradientProbe {
        try GradientProbe(
            experiment: small.experiment, model: small.model, data: small.data, kernels: kernels, threadCount: threads)
    }

    /// All values, in the order of the tensors.
    private static func bits(_ gradients: [(name: String, values: [Float])]) -> [UInt32] {
        gradients.flatMap { $0.values.map(\.bitPattern) }
    }

    @Test("is the one that the next step applies")
    func nextStep() throws {
        // Plain descent: the step changes each weight by learning rate · mean gradient.
        let small = try SmallCase(
            training: 40, validation: 8, batchSize: 10, epochs: 2,
            optimizer: OptimizerConfiguration(SGD(learningRate: 1)))
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        for _ in 0..<5 { _ = try trainer.runStep(exchange) }
        let before = try small.decoded(trainer.state.encoded(model: small.model, experiment: small.experiment))
        let gradients = try Self.probe(small).gradients(after: before)
        _ = try trainer.runStep(exchange)
        #expect(gradients.map(\.name) == small.model.parameters.map(\.name))
        for (parameter, gradient) in zip(small.model.parameters, gradients) {
            for (element, value) in zip(parameter.arenaRange, gradient.values) {
                let change = before.parameters.pointer[element] - trainer.state.parameters.pointer[element]
                #expect(abs(change - value) <= 1e-5, "\(parameter.name)")
            }
        }
    }

    @Test("is a function of the state: equal for threads and instruction sets, also behind the last epoch")
    func equalBits() throws {
        let small = try SmallCase(
            training: 40, validation: 8, batchSize: 16, epochs: 1, layers: SmallCase.regularized)
        for steps in [0, 2, 3] {
            let state = try small.decoded(small.bytes(afterSteps: steps))
            let expected = try Self.bits(Self.probe(small).gradients(after: state))
            #expect(expected.contains { $0 != 0 })
            for set in InstructionSet.supported {
                let found = try Self.probe(small, kernels: set.table, threads: 2).gradients(after: state)
                #expect(Self.bits(found) == expected, "\(set) after step \(steps)")
            }
        }
    }

    @Test("has no running means and no frozen tensors")
    func trainedTensors() throws {
        let small = try SmallCase(
            training: 24, validation: 8, batchSize: 8,
            layers: [.flatten, .dense(units: 6), .batchNormalization(), .dense(units: 10, activation: .softmax)])
        let names = try Self.probe(small).gradients(after: small.decoded(small.bytes(afterSteps: 1))).map(\.name)
        #expect(names.contains("bn1.weight") && !names.contains("bn1.running_mean"), "\(names)")
    }
}
