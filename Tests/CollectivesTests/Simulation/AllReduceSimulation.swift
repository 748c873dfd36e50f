import Core
import TestSupport

@testable import Collectives

/// Some workers over several steps and generations, in one thread and from one seed: frames are lost, doubled, delayed,
/// overtake each other and are damaged; workers compute for different times; views change in the middle of a step.
///
/// `run` throws the first `Violation`. The network is perfect after `faultsEnd`, and everything has to end then.
final class AllReduceSimulation {
    static let job = JobIdentifier(high: 7, low: 8)
    /// Times are counted in turns.
    static let faultsEnd = 3000
    static let end = 12_000

    struct Message {
        var arrival: Int
        var destination: Int
        var frame: SimulatedFrame
    }

    /// One process; its rank is its place in the list.
    struct Process {
        var worker: SimulatedWorker
        /// Steps that are complete.
        var completed = 0
        /// The buckets still to be computed; -1 is the statistics.
        var unready: [Int] = []
        var isComputing = false
        /// When it enters the newest generation.
        var entry = 0
        /// Since when no useful frame arrived, and how long to wait before a request.
        var silentSince = 0
        var patience = AllReduceSimulation.firstPatience
        var keptCount = 0
    }

    /// What the network and the workers were put through.
    struct Counts {
        var answersOfThisStep = 0
        var answersOfStepBefore = 0
        var damagedFrames = 0
        var leftBehind = 0
        var learnerSteps = 0
        /// Answers to requests for statistics that are relayed within a group.
        var relayedAnswers = 0
        /// Frames with roots that several workers made.
        var gatheredRoots = 0
    }

    static let firstPatience = 40

    let safeguards: Safeguards
    let tree: ReductionTree
    let bucketCounts: [Int]
    let width: Int
    let stepCount: Int
    let batchSizes: [Int]
    let lossShare: Double
    let damageShare: Double
    let doublingShare: Double
    let longestDelay: Int
    let interruptShare: Double
    /// Hosts over which the workers are spread; 1 in the simulations of flat plans.
    let hostCount: Int
    var generator: SeededGenerator
    var data: [SimulationData?]
    var ownership: Ownership
    var generation: UInt64 = 1
    var processes: [Process] = []
    var network: [Message] = []
    var now = 0
    var counts = Counts()
    /// What happened, when it is wanted.
    var history: [String]?
    /// What the network did, when traces are kept.
    var trace: SimulationTrace?

    init(
        seed: UInt64, hostCount: Int = 1, safeguards: Safeguards = Safeguards(), keepsHistory: Bool = false,
        keepsTrace: Bool = false
    ) throws {
        var generator = SeededGenerator(seed: seed)
        self.safeguards = safeguards
        self.hostCount = hostCount
        let count = [1, 2, 4, 8, 16].randomElement(using: &generator) ?? 8
        tree = ReductionTree(leafCount: count)
        let shapes = [[3], [0, 40, 7], [4200], [5, 4130, 1], []]
        bucketCounts = shapes.randomElement(using: &generator) ?? []
        width = bucketCounts.isEmpty ? 2 : Int.random(in: 0...2, using: &generator)
        stepCount = Int.random(in: 2...5, using: &generator)
        batchSizes = [100, 100, max(1, count / 3)]
        lossShare = Bool.random(using: &generator) ? Double.random(in: 0...0.3, using: &generator) : 0
        damageShare = Bool.random(using: &generator) ? Double.random(in: 0...0.05, using: &generator) : 0
        doublingShare = Bool.random(using: &generator) ? Double.random(in: 0...0.3, using: &generator) : 0
        longestDelay = Int.random(in: 1...60, using: &generator)
        interruptShare = Bool.random(using: &generator) ? 0.01 : 0
        data = Array(repeating: nil, count: stepCount)
        ownership = try Ownership(microBatchCount: count, workerCount: 1)
        history = keepsHistory ? [] : nil
        trace = keepsTrace ? SimulationTrace() : nil
        self.generator = generator
        let workerCount = Int.random(in: 2...8, using: &self.generator)
        ownership = try randomOwnership(workerCount: workerCount)
        for rank in 0..<workerCount { processes.append(Process(worker: newWorker(rank))) }
        note(
            "\(count) micro-batches, buckets \(bucketCounts), \(stepCount) steps, owners \(ownership.runs) on \(ownership.hosts)"
        )
    }

    /// Runs until every worker has completed every step.
    func run() throws {
        while now < Self.end {
            now += 1
            try deliver()
            for rank in processes.indices.shuffled(using: &generator) { try live(rank) }
            try checkSpread()
            let isDone = processes.allSatisfy { $0.completed == stepCount }
            if isDone { return }
            if happens(interruptShare) { try reconfigure("a member changes") }
            // A learner falls behind when frames are lost; it continues in a view in which it gets the state.
            if let last = processes.indices.first(where: { isLeftBehind($0) }) {
                counts.leftBehind += 1
                try reconfigure("rank \(last) is left behind")
            }
        }
        throw Violation(description: "no progress after the faults ended")
    }

    var faultsAreOver: Bool { now >= Self.faultsEnd }

    func randomOwnership(workerCount: Int) throws -> Ownership {
        let owners = Int.random(in: 1...min(workerCount, tree.leafCount), using: &generator)
        let shares = try generator.ownership(microBatchCount: tree.leafCount, workerCount: owners)
        return try Ownership(
            microBatchCount: tree.leafCount,
            runs: shares.runs + Array(repeating: 0..<0, count: workerCount - owners),
            hosts: randomHosts(ownerCount: owners, workerCount: workerCount))
    }

    /// Mostly the owners of a host follow one another, as a coordinator orders them.
    private func randomHosts(ownerCount: Int, workerCount: Int) -> [Int]? {
        guard hostCount > 1 else { return nil }
        let hosts = (0..<workerCount).map { _ in Int.random(in: 0..<hostCount, using: &generator) }
        if Int.random(in: 0..<8, using: &generator) == 0 { return hosts }
        return hosts[..<ownerCount].sorted() + hosts[ownerCount...]
    }

    func layout(_ rank: Int, step: Int) -> AllReduceLayout {
        AllReduceLayout(
            rank: rank, ownership: ownership, batchSize: batchSizes[step % batchSizes.count],
            bucketElementCounts: bucketCounts, statisticsWidth: width, safeguards: safeguards)
    }

    func newWorker(_ rank: Int) -> SimulatedWorker {
        let worker = SimulatedWorker(
            machine: AllReduceMachine(
                job: Self.job, generation: generation, layout: layout(rank, step: 0), safeguards: safeguards))
        if trace != nil { worker.trace = SimulationTrace() }
        return worker
    }

    /// The network's trace, then that of each worker.
    var traces: [SimulationTrace] { [trace].compactMap { $0 } + processes.compactMap(\.worker.trace) }

    func note(_ line: @autoclosure () -> String) {
        history?.append("\(now): \(line())")
    }
}
