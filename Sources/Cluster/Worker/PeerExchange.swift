import Collectives
import Coordination
import Digests
import Experiments
import KernelInterface
import NeuralNetwork
import Training
import Transport

/// The exchange of one view's worker with its peers: gradients and statistics in training rounds, statistics alone in validation
/// rounds. Rounds are numbered through, so frames of both kinds share one inbox.
final class PeerExchange: GradientExchange {
    private typealias Driver = AllReduceDriver<ZeroMQFrameTransport>

    private let gradients: Driver
    private let validation: Driver
    private let board: ProgressBoard
    private let ownership: Ownership
    private let own: Range<Int>
    /// Samples of the round's batch.
    private var batchSize = 0

    /// Loss sum, hits and samples.
    private static let statisticsWidth = 3
    /// Longer than a peer may take for its part of a step; who is dead or frozen is noticed long before.
    private static let roundMilliseconds = 120_000

    init(
        view: View, rank: Int, job: Coordination.JobIdentifier, trainer: Trainer, transport: ZeroMQFrameTransport,
        held: HeldFrames, board: ProgressBoard
    ) throws {
        let runs = view.members.map { $0.microBatches.first..<$0.microBatches.first + $0.microBatches.count }
        let ownership = try Ownership(microBatchCount: trainer.experiment.microBatchCount, runs: runs)
        let arithmetic = AllReduceArithmetic(
            add: trainer.kernels.add, checksum: { CRC32C.checksum($0, continuing: $1) })
        func driver(buckets: [Range<Int>]) -> Driver {
            Driver(
                .init(
                    job: Collectives.JobIdentifier(high: job.high, low: job.low), generation: view.generation,
                    rank: rank, ownership: ownership, buckets: buckets, statisticsWidth: Self.statisticsWidth),
                transport: transport, held: held, arithmetic: arithmetic)
        }
        gradients = driver(buckets: trainer.model.buckets)
        validation = driver(buckets: [])
        self.board = board
        self.ownership = ownership
        own = runs[rank]
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        self.batchSize = batchSize
        do {
            try gradients.begin(step: UInt64(round), batchSize: batchSize, deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
        return GradientRoots(floats: gradients.gradient, stride: gradients.rootStride)
    }

    func bucketFinished(_ index: Int) {
        gradients.bucketReady(index)
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        board.note(phase: .exchanging)
        try finish(gradients, statistics)
        return UnsafePointer(gradients.sum)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        batchSize = sampleCount
        board.note(phase: .validating)
        do {
            try validation.begin(step: UInt64(round), batchSize: sampleCount, deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
        try finish(validation, statistics)
    }

    private var deadline: Deadline { Deadline(afterMilliseconds: Self.roundMilliseconds) }

    private func finish(
        _ driver: Driver, _ statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws(ExchangeError) {
        for index in own {
            let place = driver.statistics + index * Self.statisticsWidth
            place[0] = statistics[index].lossSum
            place[1] = Double(statistics[index].correctCount)
            place[2] = Double(statistics[index].sampleCount)
        }
        driver.statisticsReady()
        do {
            try driver.finish(deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
        let pieces = MicroBatches(sampleCount: batchSize, count: statistics.count)
        for index in statistics.indices {
            let place = driver.statistics + index * Self.statisticsWidth
            guard let correct = Int(exactly: place[1]), let count = Int(exactly: place[2]),
                count == pieces[index].count, (0...count).contains(correct)
            else {
                let fault = PeerFault(rank: ownership.owner(of: index), reason: .damagedPayload(bucket: 0))
                throw ExchangeError(.peerFault(fault))
            }
            statistics[index] = MicroBatchStatistics(lossSum: place[0], correctCount: correct, sampleCount: count)
        }
    }
}
