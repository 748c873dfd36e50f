import Core
import Experiments
import KernelInterface
import Kernels
import NeuralNetwork
import Synchronization
import TestSupport
import Testing
import Training

@testable import Cluster

@Suite("Layout of a shared state")
struct StateLayoutTests {
    @Test(
        "every element has one worker, which writes whole pages that no other does",
        arguments: [65_536, 65_537, 235_146, 1_000_003], [2, 3, 5, 8, 64])
    func parts(elementCount: Int, workerCount: Int) throws {
        let buckets = [elementCount / 3 * 2..<elementCount, 1000..<elementCount / 3 * 2]
        let layout = try #require(
            StateLayout(elementCount: elementCount, slotCount: 2, buckets: buckets, workerCount: workerCount))
        var owners = [Int?](repeating: nil, count: elementCount)
        var pageOwners: [Int: Int] = [:]
        for (rank, parts) in layout.parts.enumerated() {
            for part in parts {
                for element in part {
                    #expect(owners[element] == nil)
                    owners[element] = rank
                }
                for page in part.lowerBound / 1024...(part.upperBound - 1) / 1024 {
                    #expect(pageOwners.updateValue(rank, forKey: page) == nil)
                }
            }
        }
        #expect(owners.allSatisfy { $0 != nil })
    }

    @Test("the pages of all arenas fill the window, each once")
    func window() throws {
        let layout = try #require(
            StateLayout(elementCount: 69_770, slotCount: 1, buckets: [0..<69_770], workerCount: 3))
        var isWritten = [Bool](repeating: false, count: layout.byteCount / 4096)
        for rank in 0..<3 {
            for arena in layout.arenas {
                for bytes in layout.bytes(of: rank, inArena: arena) {
                    #expect(bytes.lowerBound % 4096 == 0 && bytes.upperBound % 4096 == 0)
                    for page in bytes.lowerBound / 4096..<bytes.upperBound / 4096 {
                        #expect(!isWritten[page])
                        isWritten[page] = true
                    }
                }
            }
        }
        #expect(isWritten.allSatisfy { $0 })
        #expect(layout.byteCount == 4 * 69 * 4096)
    }

    @Test("a small state, and that of one worker, is not shared")
    func notShared() {
        #expect(StateLayout(elementCount: 65_535, slotCount: 2, buckets: [0..<65_535], workerCount: 2) == nil)
        #expect(StateLayout(elementCount: 99_999, slotCount: 2, buckets: [0..<99_999], workerCount: 1) == nil)
    }
}

@Suite("Workers that share their updates", .serialized)
struct StateSharingTests {
    private static var widest: KernelTable { (InstructionSet.supported.last ?? .portable).table }

    /// 4 steps an epoch; the last batch is smaller than the others.
    private static func experiment(_ optimizer: OptimizerConfiguration? = nil, epochs: Int = 2) -> Experiment {
        var experiment = SyntheticRun.experiment(layers: [
            .flatten, .dense(units: 90, isTrainable: false), .dense(units: 40), .batchNormalization(),
            .dense(units: 10, activation: .softmax),
        ])
        if let optimizer { experiment.optimizer = optimizer }
        experiment.batchSize = 700
        experiment.epochs = epochs
        return experiment
    }

    @Test(
        "end with the bytes of one worker alone, whatever the optimizer does and a layer leaves as it is",
        arguments: [
            .adam(), .sgd(learningRate: 0.1), .sgd(learningRate: 0.1, momentum: 0.9), .rmsprop(momentum: 0.5),
            .lion(), .nadam(), OptimizerConfiguration.adam().clipped(norm: 0.01),
        ] as [OptimizerConfiguration])
    func optimizers(_ optimizer: OptimizerConfiguration) throws {
        let experiment = Self.experiment(optimizer)
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 8)
        let runs = [0..<2, 2..<5, 5..<8]
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 2) { _ in Self.widest }
        let sharedCount = Mutex(0)
        let results = try workers.run(runs) { _, trainer, exchange in
            while !trainer.isFinished {
                _ = try trainer.runStep(exchange)
                if exchange.sharedUpdate() != nil { sharedCount.withLock { $0 += 1 } }
            }
        }
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
        // The first two steps of each worker agree on it.
        #expect(sharedCount.withLock { $0 } >= 3 * 5)
    }

    @Test(
        "are those of one host through memory, of which none only learns",
        arguments: [
            (Plane.memory, [0..<4, 4..<8], true), (.sockets, [0..<4, 4..<8], false),
            (.mixed, [0..<3, 3..<6, 6..<8], false), (.memory, [0..<8, 8..<8], false),
        ] as [(Plane, [Range<Int>], Bool)])
    func condition(plane: Plane, runs: [Range<Int>], shares: Bool) throws {
        let workers = try SocketWorkers(Self.experiment(epochs: 1), runs: runs, threadCount: 1, plane: plane) { _ in
            Self.widest
        }
        _ = try workers.run(runs) { _, trainer, exchange in
            for _ in 0..<2 {
                _ = try trainer.runStep(exchange)
            }
            _ = try trainer.runStep(exchange)
            #expect((exchange.sharedUpdate() != nil) == shares)
        }
    }

    @Test("take the state back before others write where it was")
    func takeBack() throws {
        let experiment = Self.experiment(epochs: 1)
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 4)
        let runs = [0..<4, 4..<8]
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { _ in Self.widest }
        let results = try workers.run(runs) { _, trainer, exchange in
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            let target = try #require(exchange.sharedUpdate()).target
            let shared = trainer.state.parameters.pointer
            trainer.state.takeBack()
            #expect(trainer.state.parameters.pointer != shared)
            #expect(target.parameters.pointer != shared, "the next state is not written over this one")
        }
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
    }

    @Test("a sum that is not finite in one worker's part stops all with the same words, their states as before")
    func nonFinite() throws {
        let experiment = Self.experiment(epochs: 1)
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 3)
        let runs = [0..<4, 4..<8]
        let isPoisoned = Mutex(false)
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { rank in
            var table = Self.widest
            guard rank == 1 else { return table }
            let add = table.add
            table.add = { count, left, right, sum in
                add(count, left, right, sum)
                if isPoisoned.withLock({ $0 }), count > 1000 { sum[count / 2] = .infinity }
            }
            return table
        }
        let results = try workers.run(runs) { rank, trainer, exchange in
            for _ in 0..<3 { _ = try trainer.runStep(exchange) }
            #expect(exchange.sharedUpdate() != nil)
            if rank == 1 { isPoisoned.withLock { $0 = true } }
            #expect(throws: TrainingError.nonFiniteGradient(step: 4)) { try trainer.runStep(exchange) }
        }
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
    }
}
