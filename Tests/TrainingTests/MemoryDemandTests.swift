import Datasets
import Experiments
import NeuralNetwork
import Testing

@testable import Training

@Suite struct MemoryDemandTests {
    /// With memory for the whole batch this needs more than a host has.
    @Test func aBatchBeyondTheDataHasTheBitsOfOneOfAllSamples() throws {
        let trained = try [40, 1_000_000].map { batchSize in
            let small = try SmallCase(training: 40, validation: 8, batchSize: batchSize, epochs: 2)
            let trainer = try small.trainer()
            let exchange = LocalExchange(arenaCount: small.model.arenaCount)
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            #expect(small.experiment.sampleCapacity(sampleCount: small.data.dataset.sampleCount) <= 48)
            return (0..<small.model.arenaCount).map { trainer.state.parameters.pointer[$0].bitPattern }
        }
        #expect(trained[0] == trained[1])
    }

    @Test func theDemandCountsStateBatchAndDataOfEveryWorker() throws {
        let small = try SmallCase(
            training: 40, validation: 8, batchSize: 16, layers: SmallCase.linear,
            optimizer: OptimizerConfiguration(Adam(learningRate: 0.01)))
        let demand = MemoryDemand(model: small.model, experiment: small.experiment, dataset: small.data.dataset)
        // Parameters, two slots of Adam, and two gradients.
        #expect(demand.stateByteCount == 5 * 4 * small.model.arenaCount)
        #expect(demand.dataByteCount == 48 * 50)
        // 49 inputs, at least 10 outputs with their gradients, 10 probabilities.
        #expect(demand.batchByteCount >= 16 * 4 * (49 + 2 * 10 + 10))
        let one = demand.byteCount(workerCount: 1)
        #expect(demand.byteCount(workerCount: 3) == 3 * one)
        #expect(demand.byteCount(workerCount: .max) == .max)
    }
}
