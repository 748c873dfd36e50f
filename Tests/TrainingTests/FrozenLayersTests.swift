import Experiments
import KernelInterface
import Kernels
import NeuralNetwork
import Runs
import Testing

@testable import Training

/// Which layers of a small network keep their weights.
enum FrozenLayers: String, CaseIterable, Sendable {
    case all, first, last, middle

    var layers: [LayerConfiguration] {
        func isTrainable(_ layer: FrozenLayers) -> Bool { self != .all && self != layer }
        return [
            .convolution2D(
                filters: 5, kernel: 3, isTrainable: isTrainable(.first)),
            .maxPool2D, .flatten, .dense(units: 300, isTrainable: isTrainable(.middle)),
            .dense(units: 10, activation: .softmax, isTrainable: isTrainable(.last)),
        ]
    }
}

@Suite("Frozen layers keep their weights while the others are trained")
struct FrozenLayersTests {
    @Test("any workers, threads and sets give the same bytes", arguments: FrozenLayers.allCases)
    func equalBytes(_ frozen: FrozenLayers) throws {
        let small = try SmallCase(
            training: 101, validation: 23, batchSize: 24, epochs: 2, layers: frozen.layers,
            optimizer: OptimizerConfiguration(Adam(weightDecay: 0.1), clippingNorm: 0.5))
        let expected = try small.trainedAlone()
        #expect(try small.trainedAlone(threads: 3) == expected)
        for set in InstructionSet.supported { #expect(try small.trainedAlone(kernels: set.table) == expected) }
        for workers in [1, 2, 5] {
            for bytes in try small.trainedTogether(runs: small.runs(workers: workers), threads: 2) {
                #expect(bytes == expected)
            }
        }
    }

    @Test("frozen weights stay, the others change, and losses are reported", arguments: FrozenLayers.allCases)
    func weights(_ frozen: FrozenLayers) throws {
        let small = try SmallCase(training: 101, validation: 23, batchSize: 24, epochs: 2, layers: frozen.layers)
        let before = WeightsCase.parameters(small.freshState())
        let trainer = try small.trainer()
        let exchange = LocalExchange(arenaCount: small.model.arenaCount)
        while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        let after = WeightsCase.parameters(trainer.state)
        for parameter in small.model.parameters where parameter.name.hasSuffix("weight") {
            let isUnchanged = before[parameter.arenaRange] == after[parameter.arenaRange]
            #expect(isUnchanged == (parameter.role == .frozen), "\(parameter.name)")
        }
        #expect(trainer.state.progress.rows.count == 2)
        #expect(trainer.state.progress.rows.allSatisfy { $0.loss.isFinite && $0.loss > 0 })
    }
}
