import Experiments
import NeuralNetwork
import Testing

@testable import Training

/// Joins trainers of one process without sockets. Every worker sums all roots itself by walking down the fixed tree: a
/// node that one worker owns whole is that worker's next root, any other is left plus right, and a node without samples
/// is skipped.
final class TreeExchange: GradientExchange {
    private let meeting: Meeting
    private let rank: Int
    private let memory: UnsafeMutablePointer<Float>
    private let sum: UnsafeMutablePointer<Float>
    /// What a pass agreed on last.
    private let agreed: UnsafeMutablePointer<Float>
    private let stride: Int
    private let elementCount: Int
    private let rootCapacity: Int
    private let bucketCount: Int
    private var batchSize = 0
    private var bucketsSeen: [Int] = []

    init(_ meeting: Meeting, rank: Int, elementCount: Int, bucketCount: Int) {
        self.meeting = meeting
        self.rank = rank
        self.elementCount = elementCount
        self.bucketCount = bucketCount
        stride = elementCount + 16
        rootCapacity = meeting.microBatchCount
        memory = .allocate(capacity: stride * rootCapacity)
        memory.initialize(repeating: 0, count: stride * rootCapacity)
        sum = .allocate(capacity: elementCount)
        sum.initialize(repeating: 0, count: elementCount)
        agreed = .allocate(capacity: elementCount)
        agreed.initialize(repeating: 0, count: elementCount)
    }

    deinit {
        memory.deallocate()
        sum.deallocate()
        agreed.deallocate()
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        self.batchSize = batchSize
        bucketsSeen = []
        // The last round's sums must not help this one's.
        memory.update(repeating: 0, count: stride * rootCapacity)
        try meet(round: round)
        return GradientRoots(floats: memory, stride: stride)
    }

    func bucketFinished(_ index: Int) { bucketsSeen.append(index) }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        #expect(bucketsSeen == Array(0..<bucketCount), "every bucket is finished once, from the output back")
        try share(statistics)
        var nextRoots = meeting.runs.map { _ in 0 }
        let total = node(0..<meeting.microBatchCount, elementCount, &nextRoots)
        sum.update(from: total ?? Array(repeating: 0, count: elementCount), count: elementCount)
        try meeting.rendezvous()
        return UnsafePointer(sum)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        do {
            try meeting.rendezvous {
                meeting.roots[rank] = roots
                meeting.rootStrides[rank] = rootStride
            }
            var nextRoots = meeting.runs.map { _ in 0 }
            let total = node(0..<meeting.microBatchCount, count, &nextRoots)
            try meeting.rendezvous()
            agreed.update(from: total ?? Array(repeating: 0, count: count), count: count)
            return UnsafePointer(agreed)
        } catch {
            return nil
        }
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try meet(round: round)
        try share(statistics)
        try meeting.rendezvous()
    }

    private func meet(round: Int) throws {
        try meeting.rendezvous { meeting.rounds[rank] = round }
        #expect(meeting.rounds.allSatisfy { $0 == round }, "all workers are in one round")
        try meeting.rendezvous()
    }

    private func share(_ statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws {
        try meeting.rendezvous {
            meeting.roots[rank] = memory
            meeting.rootStrides[rank] = stride
            for index in meeting.runs[rank] { meeting.statistics[index] = statistics[index] }
        }
        for index in statistics.indices { statistics[index] = meeting.statistics[index] }
    }

    /// The sum below a node that covers the micro-batches `leaves`; nil when they have no samples.
    private func node(_ leaves: Range<Int>, _ elementCount: Int, _ nextRoots: inout [Int]) -> [Float]? {
        let count = meeting.microBatchCount
        let samples = leaves.lowerBound * batchSize / count..<leaves.upperBound * batchSize / count
        guard !samples.isEmpty else { return nil }
        let owner = meeting.runs.firstIndex { $0.contains(leaves.lowerBound) } ?? 0
        if meeting.runs[owner].upperBound >= leaves.upperBound {
            let root = meeting.roots[owner] + nextRoots[owner] * meeting.rootStrides[owner]
            nextRoots[owner] += 1
            return Array(UnsafeBufferPointer(start: root, count: elementCount))
        }
        let middle = leaves.lowerBound + leaves.count / 2
        let left = node(leaves.lowerBound..<middle, elementCount, &nextRoots)
        let right = node(middle..<leaves.upperBound, elementCount, &nextRoots)
        guard let left else { return right }
        guard let right else { return left }
        return zip(left, right).map { $0 + $1 }
    }
}

extension SmallCase {
    /// The bytes that each of several workers ends with. `start` makes a worker's first state, if it is not random.
    func trainedTogether(
        runs: [Range<Int>], instructionSet: KernelChoice = .widest, threads: Int = 1,
        start: (@Sendable () throws -> ReplicatedState)? = nil
    ) throws -> [[UInt8]] {
        try Meeting.run(runs: runs, microBatchCount: experiment.microBatchCount) { rank, meeting in
            let trainer = try trainer(start?(), kernels: instructionSet.table, threads: threads)
            trainer.own(runs[rank])
            let exchange = TreeExchange(
                meeting, rank: rank, elementCount: model.arenaCount, bucketCount: model.buckets.count)
            while !trainer.isFinished { _ = try trainer.runStep(exchange) }
            return bytes(trainer.state)
        }
    }

    /// Equal shares of the micro-batches.
    func runs(workers: Int) -> [Range<Int>] {
        let count = experiment.microBatchCount
        return (0..<workers).map { $0 * count / workers..<($0 + 1) * count / workers }
    }
}
