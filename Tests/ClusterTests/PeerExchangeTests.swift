import CAllocationCounter
import Coordination
import Core
import Datasets
import Experiments
import Foundation
import KernelInterface
import Kernels
import NeuralNetwork
import TestSupport
import Testing
import Training
import Transport

@testable import Cluster

/// How the frames of `SocketWorkers` travel.
enum Plane: CaseIterable {
    case sockets
    case memory
    /// Ranks 0 and 1 are one host, the others another.
    case mixed
}

/// Workers of one process whose trainers are joined by real sockets and memory, each driven by its own thread.
final class SocketWorkers: @unchecked Sendable {
    // Sendable: made on one thread, then each worker is used by its own thread alone; results are guarded by the
    // condition.
    private struct Worker {
        var trainer: TrainingReplica
        var peers: PeerNetwork
        var channel: ComputeChannel
    }

    private let folder: TemporaryFolder
    private var runSettings = RunSettings()
    private var hostNumbers: [Int] = []
    private var workers: [Worker] = []
    private let condition = NSCondition()
    private var results: [Int: Result<[UInt8], any Error>] = [:]
    /// Workers whose work is done or has failed.
    private var doneCount = 0

    init(
        _ experiment: Experiment, runs: [Range<Int>], threadCount: Int, plane: Plane = .memory,
        kernels: (Int) -> KernelTable
    ) throws {
        runSettings.transport = plane == .sockets ? .zeromq : .automatic
        folder = try TemporaryFolder()
        let context = try ZeroMQContext()
        let model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: nil, environment: [:])
        let data = try TrainingData(dataset: sets.training, experiment: experiment)
        for (rank, run) in runs.enumerated() {
            var settings = WorkerSettings(
                coordinatorAddress: "ipc://\(folder.path)/c", name: "w\(rank)", threadCount: threadCount,
                environment: [:])
            hostNumbers.append(plane == .mixed && rank > 1 ? 1 : 0)
            settings.hostIdentifier = HostIdentifier(high: 0, low: UInt64(hostNumbers[rank]))
            let peers = try PeerNetwork(context, settings: settings)
            peers.job = JobIdentifier(high: 1, low: 2)
            let trainer = try TrainingReplica(
                experiment: experiment, model: model, data: data,
                state: ReplicatedState(model: model, experiment: experiment), kernels: kernels(rank),
                threadCount: threadCount)
            trainer.own(run)
            workers.append(Worker(trainer: trainer, peers: peers, channel: try ComputeChannel()))
        }
    }

    private func view(_ runs: [Range<Int>]) -> View {
        let members = workers.enumerated().map { rank, worker in
            Member(
                rank: rank, workerIdentifier: UInt32(rank), name: "w\(rank)", host: "here",
                hostNumber: hostNumbers[rank],
                processIdentifier: 1,
                inboxAddress: worker.peers.inboxAddress,
                microBatches: runs[rank])
        }
        return View(generation: 1, position: .start, holder: 0, members: members)
    }

    /// A worker that is done answers the others, and its links stay.
    private func serveUntilAllAreDone(_ exchange: PeerExchange) {
        condition.lock()
        doneCount += 1
        while doneCount < workers.count {
            condition.unlock()
            exchange.serve()
            ThreadScheduling.yield()
            condition.lock()
        }
        condition.unlock()
    }

    /// Lets each worker run `work` with its exchange on its own thread; returns the bytes of the states.
    func run(
        _ runs: [Range<Int>], _ work: @escaping @Sendable (Int, TrainingReplica, any GradientExchange) throws -> Void
    ) throws -> [[UInt8]] {
        let view = view(runs)
        for rank in workers.indices {
            let thread = Thread { [self] in
                let worker = workers[rank]
                let result = Result { () throws -> [UInt8] in
                    let connection = try worker.peers.connect(
                        to: view, rank: rank, channel: worker.channel, settings: runSettings)
                    let exchange = try #require(
                        try connection.exchange(trainer: worker.trainer, board: worker.channel.board))
                    try work(rank, worker.trainer, exchange)
                    serveUntilAllAreDone(exchange)
                    return worker.trainer.state.encoded(
                        model: worker.trainer.model, experiment: worker.trainer.experiment)
                }
                condition.lock()
                results[rank] = result
                condition.broadcast()
                // A failed worker must not leave the others waiting.
                if case .failure = result {
                    doneCount = workers.count
                    for other in workers { other.channel.interrupt.signal() }
                }
                condition.unlock()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        condition.lock()
        defer { condition.unlock() }
        while results.count < workers.count { condition.wait() }
        return try workers.indices.compactMap { try results[$0]?.get() }
    }
}

@Suite("Workers joined by sockets", .serialized)
struct PeerExchangeTests {
    private static func experiment(batchSize: Int = 500, epochs: Int = 1) -> Experiment {
        var experiment = SyntheticRun.experiment(layers: [
            .convolution2D(filters: 3, kernel: 5),
            .maxPool2D, .flatten, .dense(units: 160),
            .dense(units: 10, activation: .softmax),
        ])
        experiment.batchSize = batchSize
        experiment.epochs = epochs
        return experiment
    }

    private static var widest: KernelTable { (InstructionSet.supported.last ?? .portable).table }

    private static let singles = (0..<8).map { $0..<$0 + 1 }

    @Test(
        "end with the bytes of one worker alone",
        arguments: [
            [0..<4, 4..<8], [0..<1, 1..<8], [0..<2, 2..<5, 5..<8], PeerExchangeTests.singles, [0..<8, 8..<8],
            [0..<3, 3..<8, 8..<8, 8..<8],
        ] as [[Range<Int>]], Plane.allCases)
    func sameBytes(runs: [Range<Int>], plane: Plane) throws {
        // 2400 samples: the last batch has 300, which M divides no more than 700.
        let experiment = Self.experiment(batchSize: 700)
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 4)
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1, plane: plane) { _ in Self.widest }
        let results = try workers.run(runs) { _, trainer, exchange in
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        }
        #expect(results.count == runs.count)
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
    }

    @Test(
        "also where layers agree on sums in the middle of a step",
        arguments: [
            [0..<4, 4..<8], [0..<2, 2..<5, 5..<8], PeerExchangeTests.singles, [0..<8, 8..<8], [0..<3, 3..<8, 8..<8],
        ] as [[Range<Int>]], [5, 700])
    func agreement(runs: [Range<Int>], batchSize: Int) throws {
        var experiment = SyntheticRun.experiment(layers: [
            .convolution2D(filters: 3, kernel: 5),
            .batchNormalization(), .maxPool2D, .flatten, .dropout(rate: 0.25),
            .dense(units: 40, activation: .linear),
            .batchNormalization(), .activation(.relu),
            .dense(units: 10, activation: .softmax),
        ])
        experiment.batchSize = batchSize
        experiment.epochs = 1
        let stepCount = batchSize == 5 ? 480 : 4
        let expected = try SyntheticRun.bytes(experiment, afterSteps: stepCount)
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { _ in Self.widest }
        let results = try workers.run(runs) { _, trainer, exchange in
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
        }
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
    }

    @Test("also where layers are frozen", arguments: [[false, false], [true, false], [false, true]])
    func frozenLayers(isTrainable: [Bool]) throws {
        var experiment = SyntheticRun.experiment(layers: [
            .flatten, .dense(units: 40, isTrainable: isTrainable[0]),
            .dense(units: 10, activation: .softmax, isTrainable: isTrainable[1]),
        ])
        experiment.batchSize = 700
        experiment.epochs = 1
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 4)
        for runs in [[0..<4, 4..<8], [0..<2, 2..<5, 5..<8], [0..<8, 8..<8]] {
            let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { _ in Self.widest }
            let results = try workers.run(runs) { _, trainer, exchange in
                // Memory beyond the trainable buckets must read as zero, so that a checksum agrees with a replay's.
                trainer.takesGradientChecksum = true
                while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            }
            for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected)) }
        }
    }

    @Test("also with batches smaller than the number of micro-batches")
    func smallBatches() throws {
        let experiment = Self.experiment(batchSize: 5)
        let runs = [0..<1, 1..<3, 3..<8]
        let expected = try SyntheticRun.bytes(experiment, afterSteps: 480)
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { _ in Self.widest }
        for bytes in try workers.run(
            runs,
            { _, trainer, exchange in
                while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            })
        {
            #expect(SHA256Digest(of: bytes) == SHA256Digest(of: expected))
        }
    }

    @Test("a loss that is not finite stops all of them with the same words, their states as before")
    func nonFinite() throws {
        let experiment = SyntheticRun.experiment()
        let fresh = try SyntheticRun.bytes(experiment, afterSteps: 0)
        let runs = [0..<4, 4..<8]
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: 1) { rank in
            var table = Self.widest
            if rank == 1 {
                table.scaleBytes = { count, _, floats in for index in 0..<count { floats[index] = .infinity } }
            }
            return table
        }
        let results = try workers.run(runs) { _, trainer, exchange in
            #expect(throws: TrainingError.nonFiniteLoss(step: 1, microBatch: 4)) { try trainer.runStep(exchange) }
        }
        for bytes in results { #expect(SHA256Digest(of: bytes) == SHA256Digest(of: fresh)) }
    }

    @Test(
        "allocate nothing after the first steps; libzmq's records are counted apart", arguments: [1, 2],
        [Plane.sockets, .memory])
    func allocations(threadCount: Int, plane: Plane) throws {
        let experiment = Self.experiment(batchSize: 100, epochs: 2)
        let groups = (0..<2).map { _ in selvedge_allocation_group() }
        try #require(groups.allSatisfy { $0 > 0 })
        let runs = [0..<4, 4..<8]
        let workers = try SocketWorkers(experiment, runs: runs, threadCount: threadCount, plane: plane) { rank in
            var table = Self.widest
            let scale = table.scaleBytes
            let group = groups[rank]
            table.scaleBytes = { count, bytes, floats in
                selvedge_allocation_join(group)
                scale(count, bytes, floats)
            }
            return table
        }
        _ = try workers.run(runs) { rank, trainer, exchange in
            // Both arenas and both parities of the step have been used after two steps. 24 steps an epoch: the last is
            // left out with its validation.
            for _ in 0..<2 { _ = try trainer.runStep(exchange) }
            for _ in 2..<23 {
                selvedge_allocation_arm(groups[rank], 1)
                _ = try trainer.runStep(exchange)
                selvedge_allocation_arm(groups[rank], 0)
            }
            selvedge_allocation_leave()
        }
        for group in groups {
            #expect(selvedge_allocation_thread_count(group) == threadCount)
            var text = [CChar](repeating: 0, count: 4096)
            selvedge_allocation_first_stack(group, &text, text.count)
            let stack = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            var exchangingThreads = 0
            for thread in 0..<Int32(threadCount) {
                // The thread that sends and receives is known by libzmq's requests.
                exchangingThreads += selvedge_allocation_zeromq_count(group, thread) > 0 ? 1 : 0
                #expect(selvedge_allocation_count(group, thread) == 0, "\(stack)")
            }
            #expect(plane == .memory || exchangingThreads == 1)
        }
    }
}
