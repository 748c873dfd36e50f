import Core
import TestSupport

@testable import Collectives

/// Workers of one generation and a network that delivers in any order, twice if asked.
final class SimulatedCluster {
    static let job = JobIdentifier(high: 1, low: 2)
    let ownership: Ownership
    let bucketCounts: [Int]
    let width: Int
    var workers: [SimulatedWorker] = []
    var network: [(destination: Int, frame: SimulatedFrame)] = []
    var generator: SeededGenerator
    var duplicates = false
    /// Elements of all buckets, and doubles of statistics, that were sent from one host to another in all steps.
    var elementCountBetweenHosts = 0
    var statisticsBetweenHosts = 0

    init(ownership: Ownership, bucketCounts: [Int], statisticsWidth: Int, seed: UInt64) {
        self.ownership = ownership
        self.bucketCounts = bucketCounts
        width = statisticsWidth
        generator = SeededGenerator(seed: seed)
        for rank in 0..<ownership.workerCount {
            workers.append(
                SimulatedWorker(
                    machine: AllReduceMachine(job: Self.job, generation: 5, layout: layout(rank, batchSize: 1))))
        }
    }

    func layout(_ rank: Int, batchSize: Int) -> AllReduceLayout {
        AllReduceLayout(
            rank: rank, ownership: ownership, batchSize: batchSize, bucketElementCounts: bucketCounts,
            statisticsWidth: width)
    }

    /// Runs one action of one worker; false when it has none.
    func runAction(_ rank: Int) throws -> Bool {
        try workers[rank].runAction { send($0, from: rank, to: $1) }
    }

    private func send(_ frame: SimulatedFrame, from rank: Int, to destination: AllReduceAction.Destination) {
        for other in destination.ranks.sorted() {
            if frame.label.kind == .contribution || frame.label.kind == .result {
                workers[rank].elementCountSent[frame.label.bucket] += frame.floats.count
                if ownership.hosts[rank] != ownership.hosts[other] {
                    elementCountBetweenHosts += frame.floats.count
                }
            } else if ownership.hosts[rank] != ownership.hosts[other] {
                statisticsBetweenHosts += frame.doubles.count
            }
            network.append((other, frame))
            if duplicates && Bool.random(using: &generator) { network.append((other, frame)) }
        }
    }

    /// Delivers one frame, chosen at random.
    func deliver() throws {
        let (destination, frame) = network.remove(at: Int.random(in: 0..<network.count, using: &generator))
        _ = try workers[destination].offer(frame)
    }
}
