import KernelInterface
import Testing

@testable import NeuralNetwork

/// Five steps from scripts/fixtures/optimizers.py: large epsilons, a learning rate that halves each step and a penalty,
/// so that the conventions of the two frameworks differ by far more than the tolerance.
@Suite("Optimizers agree with PyTorch and Keras")
struct OptimizerFixtureTests {
    static let names = [
        "sgd", "momentum", "nesterov", "clipped", "rmsprop", "rmsprop-momentum", "adam", "adam-decay", "adamw",
    ]
    /// Optimizers with one formula, which is Keras's.
    static let kerasNames = ["nadam", "lion", "lion-decay"]
    static let cases =
        names.flatMap { name in OptimizerConvention.allCases.map { (name, $0) } } + kerasNames.map { ($0, .keras) }

    private func configuration(_ name: String, _ convention: OptimizerConvention) -> OptimizerConfiguration {
        func sgd(momentum: Float = 0, isNesterov: Bool = false) -> any OptimizerMethod {
            SGD(
                learningRate: 0.1, momentum: momentum, isNesterov: isNesterov, convention: convention)
        }
        func rmsprop(momentum: Float = 0) -> any OptimizerMethod {
            RMSprop(learningRate: 0.01, momentum: momentum, epsilon: 1e-3, convention: convention)
        }
        func adam(weightDecay: Float = 0, isDecoupled: Bool = false) -> any OptimizerMethod {
            Adam(
                learningRate: 0.01, epsilon: 1e-3, weightDecay: weightDecay, isDecoupled: isDecoupled,
                convention: convention)
        }
        switch name {
        case "sgd": return OptimizerConfiguration(sgd())
        case "momentum": return OptimizerConfiguration(sgd(momentum: 0.9))
        case "nesterov": return OptimizerConfiguration(sgd(momentum: 0.9, isNesterov: true))
        case "clipped": return OptimizerConfiguration(sgd(), clippingNorm: 0.05)
        case "rmsprop": return OptimizerConfiguration(rmsprop())
        case "rmsprop-momentum": return OptimizerConfiguration(rmsprop(momentum: 0.8))
        case "adam": return OptimizerConfiguration(adam())
        case "nadam": return OptimizerConfiguration(Nadam(learningRate: 0.01, epsilon: 1e-3))
        case "lion": return OptimizerConfiguration(Lion(learningRate: 0.01, weightDecay: 0))
        case "lion-decay": return OptimizerConfiguration(Lion(learningRate: 0.01, weightDecay: 0.1))
        case "adam-decay": return OptimizerConfiguration(adam(weightDecay: 0.1))
        default: return OptimizerConfiguration(adam(weightDecay: 0.1, isDecoupled: true))
        }
    }

    /// How far five steps lead from the fixture's parameters, at most.
    private func difference(_ name: String, _ convention: OptimizerConvention, from framework: String) throws -> Float {
        let fixture = try Fixture("optimizers-\(framework)")
        let model = try Model(
            ModelConfiguration(
                inputShape: image(4, 4, 1),
                layers: [.flatten, dense(6, .tanh, Regularization(l2: 0.01)), dense(3, .softmax)]),
            loss: CategoricalCrossEntropy())
        let run = TestRun(
            model: model, kernels: KernelSets.best, inputs: try fixture.values("inputs"), labels: fixture.labels)
        let configuration = configuration(name, convention)
        let arena = TrainedArena(run, configuration, start: try fixture.arena("parameters", model))
        var learningRate = configuration.method.learningRate
        for step in 1...5 {
            let gradient = try run.train(arena.values).roots[0]
            arena.train(
                gradientSum: gradient, batchSize: run.labels.count, number: step, learningRate: learningRate)
            learningRate /= 2
        }
        return try model.parameters.map { parameter in
            let expected = try fixture.values("trained-\(name)", of: parameter)
            return zip(arena.values(of: parameter), expected).map { ($0 - $1).magnitude }.max() ?? 0
        }.max() ?? 0
    }

    @Test("five steps", arguments: cases)
    func steps(name: String, convention: OptimizerConvention) throws {
        #expect(try difference(name, convention, from: convention.rawValue) < 1e-6)
    }

    @Test("the other framework's convention leads elsewhere", arguments: names)
    func conventions(name: String) throws {
        let isShared = name == "sgd" || name == "clipped"
        let difference = try difference(name, .keras, from: "torch")
        #expect(isShared ? difference < 1e-6 : difference > 1e-4)
    }
}
