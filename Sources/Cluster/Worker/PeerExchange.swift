import Collectives
import Coordination
import Core
import Experiments
import KernelInterface
import NeuralNetwork
import Training
import Transport

/// A worker's exchanges in one view: gradients and statistics in training rounds, statistics alone in validation
/// rounds. A pass that has to agree on sums exchanges these first, one after another. All exchanges are numbered in
/// their order, so their frames share one inbox.
final class PeerExchange: GradientExchange {
    private typealias Driver = AllReduceDriver<HostFrameTransport>

    private let gradients: Driver
    private let validation: Driver
    /// Sums that a pass agrees on; nil for a model without them.
    private let sums: Driver?
    /// Findings of audits; nil when audits are off.
    private let audits: Driver?
    /// How the workers of this host update the state together, and what they tell each other about it; nil where each
    /// updates its state by itself.
    private let sharing: (state: StateSharing, driver: Driver)?
    /// The driver that started last.
    private var latest: Driver
    private let agreements: AgreementCounter
    private let transport: HostFrameTransport
    private let board: ProgressBoard
    private let ownership: Ownership
    private let own: Range<Int>
    private var pace = ComputePace()
    private var round = 0
    /// Samples of the round's batch.
    private var batchSize = 0
    /// A failure in the middle of the pass, thrown at its end.
    private var failure: AllReduceError?
    /// Buckets that are finished before the pass has agreed on all its sums.
    private var waitingBuckets: [Int] = []

    /// Loss sum, hits and samples.
    private static let statisticsWidth = 3
    /// Longer than any peer's part of a step. Heartbeats notice a dead or suspended peer long before.
    private static let roundMilliseconds = 120_000

    init(
        view: View, rank: Int, job: JobIdentifier, trainer: TrainingReplica, transport: HostFrameTransport,
        held: HeldFrames, board: ProgressBoard, isAudited: Bool = false, usesMemory: Bool = true
    ) throws {
        let ownership = try view.ownership(
            microBatchCount: trainer.experiment.microBatchCount, usesMemory: usesMemory)
        func driver(
            buckets: [Range<Int>], elementCount: Int? = nil, statisticsWidth: Int = Self.statisticsWidth,
            readsSumsInPlace: Bool = false
        ) -> Driver {
            Driver(
                .init(
                    job: job, generation: view.generation, rank: rank, ownership: ownership, buckets: buckets,
                    elementCount: elementCount, statisticsWidth: statisticsWidth, readsSumsInPlace: readsSumsInPlace),
                transport: transport, held: held, add: trainer.kernels.add)
        }
        // The update has read the sums before the next step begins.
        gradients = driver(
            buckets: trainer.model.buckets, elementCount: trainer.model.arenaCount, readsSumsInPlace: true)
        validation = driver(buckets: [])
        agreements = AgreementCounter(trainer.model.agreedSumCounts)
        sums = agreements.longest > 0 ? driver(buckets: [0..<agreements.longest], statisticsWidth: 0) : nil
        audits = isAudited ? driver(buckets: [], statisticsWidth: AuditFinding.width) : nil
        // An audit compares workers that updated their states by themselves.
        let layout = isAudited || !usesMemory ? nil : view.stateLayout(trainer.model, trainer.state)
        sharing = layout.map { layout in
            (StateSharing(layout, rank: rank, transport: transport), driver(buckets: [], statisticsWidth: 1))
        }
        self.transport = transport
        self.board = board
        self.ownership = ownership
        own = ownership.runs[rank]
        latest = gradients
        for driver in drivers {
            driver.answersElsewhere = { [unowned self, unowned driver] in self.answer($0, insteadOf: driver) }
        }
    }

    /// Answers requests of peers between rounds, and holds frames of the next round. Never waits.
    ///
    /// After a step a peer may request frames of it until all have completed it. Call this after each `sleep`.
    func serve() {
        latest.serve()
    }

    /// Sleeps until a frame may have arrived or something that `poller` watches is ready; see `HostFrameTransport`.
    func sleep(watching poller: Poller, deadline: Deadline) throws(TransportError) {
        try transport.sleep(watching: poller, deadline: deadline)
    }

    private var drivers: [Driver] { [gradients, validation, sums, audits, sharing?.driver].compactMap { $0 } }

    /// A peer is at most one exchange behind, and that may have been another driver's.
    private func answer(_ request: FrameLabel, insteadOf asked: Driver) {
        for driver in drivers where driver !== asked {
            if driver.answer(request) { return }
        }
    }

    /// The computation of a step starts.
    func noteStart() {
        pace.start(at: MonotonicTime.now.nanoseconds)
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        self.round = round
        self.batchSize = batchSize
        agreements.done = 0
        sharing?.state.begin()
        do {
            try gradients.reserve(deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
        if agreements.isComplete { startGradients() }
        return GradientRoots(floats: gradients.gradient, stride: gradients.rootStride)
    }

    /// A step's gradients follow all sums of its pass, so that frames stay in the order of their numbers.
    private func startGradients() {
        latest = gradients
        gradients.start(step: agreements.number(ofRound: round), batchSize: batchSize)
        for bucket in waitingBuckets { gradients.bucketReady(bucket) }
        waitingBuckets.removeAll(keepingCapacity: true)
    }

    func bucketFinished(_ index: Int) {
        if agreements.isComplete {
            gradients.bucketReady(index)
        } else {
            waitingBuckets.append(index)
        }
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        guard let sums, failure == nil else { return nil }
        latest = sums
        do {
            try sums.begin(step: agreements.number(ofRound: round), batchSize: batchSize, deadline: deadline)
            for root in 0..<sums.program.roots.count {
                (sums.gradient + root * sums.rootStride).update(from: roots + root * rootStride, count: count)
            }
            sums.bucketReady(0)
            let start = MonotonicTime.now.nanoseconds
            try sums.finish(deadline: deadline)
            pace.wait(MonotonicTime.now.nanoseconds - start)
        } catch {
            failure = error
            return nil
        }
        agreements.done += 1
        if agreements.isComplete { startGradients() }
        return UnsafePointer(sums.sum)
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        if let failure { throw ExchangeError(failure) }
        let microBatchNanoseconds = pace.finish(at: MonotonicTime.now.nanoseconds, microBatchCount: own.count)
        board.note(phase: .exchanging, microBatchNanoseconds: microBatchNanoseconds)
        try finish(gradients, statistics)
        if let sharing, let announcement = sharing.state.announcement {
            try exchange(announcement, sharing.driver)
            sharing.state.take(ownership.runs.map { sharing.driver.statistics[$0.lowerBound] })
        }
        return UnsafePointer(gradients.sum)
    }

    func sharedUpdate() -> SharedUpdate? { sharing?.state.update }

    func finishUpdate(isFinite: Bool) throws -> Bool {
        guard let sharing else { preconditionFailure("only a shared update waits for other workers") }
        try exchange(isFinite ? 1 : 0, sharing.driver)
        sharing.state.turn()
        return ownership.runs.allSatisfy { sharing.driver.statistics[$0.lowerBound] == 1 }
    }

    /// Exchanges one number after the round's gradients: a worker's is then at the place of its first micro-batch.
    private func exchange(_ number: Double, _ driver: Driver) throws(ExchangeError) {
        try exchangeLast(driver, batchSize: ownership.microBatchCount) { $0[0] = number }
    }

    /// The round's last exchange. `write` gets the place of each own micro-batch's values.
    private func exchangeLast(
        _ driver: Driver, batchSize: Int, _ write: (UnsafeMutablePointer<Double>) -> Void
    ) throws(ExchangeError) {
        latest = driver
        do {
            try driver.begin(step: agreements.lastNumber(ofRound: round), batchSize: batchSize, deadline: deadline)
            for index in own { write(driver.statistics + index * driver.configuration.statisticsWidth) }
            driver.statisticsReady()
            try driver.finish(deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        batchSize = sampleCount
        board.note(phase: .validating)
        latest = validation
        do {
            try validation.begin(
                step: agreements.firstNumber(ofRound: round), batchSize: sampleCount, deadline: deadline)
        } catch {
            throw ExchangeError(error)
        }
        try finish(validation, statistics)
    }

    /// Exchanges the findings of the round's audit; returns those of all owners, by rank.
    func exchange(_ finding: AuditFinding) throws -> [AuditFinding] {
        guard let audits else { preconditionFailure("findings are exchanged only when audits are on") }
        try exchangeLast(audits, batchSize: batchSize) { finding.write(to: $0) }
        return ownership.runs.prefix { !$0.isEmpty }.map { run in
            AuditFinding(audits.statistics + run.lowerBound * AuditFinding.width)
        }
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

extension View {
    /// Which micro-batches each member owns, on which host. Throws when these are not all of the experiment's.
    ///
    /// Where members of one host do not exchange through memory, each of them counts as a host if there is no other.
    func ownership(microBatchCount: Int, usesMemory: Bool = true) throws(OwnershipError) -> Ownership {
        let hosts = members.map(\.hostNumber)
        let isOneHost = hosts.allSatisfy { $0 == hosts[0] }
        return try Ownership(
            microBatchCount: microBatchCount, runs: members.map(\.microBatches),
            hosts: isOneHost && !usesMemory ? Array(members.indices) : hosts)
    }
}

extension View {
    /// How the members share the updates of the state; nil where each updates a whole state: not all are on one host,
    /// or one of them owns nothing and only learns.
    func stateLayout(_ model: Model, _ state: ReplicatedState) -> StateLayout? {
        guard members.allSatisfy({ $0.hostNumber == members[0].hostNumber && !$0.isLearner }) else { return nil }
        return StateLayout(
            elementCount: model.arenaCount, slotCount: state.slots.count, buckets: model.buckets,
            workerCount: members.count)
    }
}

/// Time to compute a micro-batch, as a moving average over steps, without waits for peers.
struct ComputePace {
    private var startedAt: Int64 = 0
    private var waitedNanoseconds: Int64 = 0
    private var average: Int64 = 0

    /// A step counts for one part in so many of the average.
    private static let weight: Int64 = 8

    mutating func start(at nanoseconds: Int64) {
        startedAt = nanoseconds
        waitedNanoseconds = 0
    }

    /// Subtracts a wait for peers in the middle of a step.
    mutating func wait(_ nanoseconds: Int64) {
        waitedNanoseconds += nanoseconds
    }

    /// All gradients of the step are computed. Returns the average; 0 for a worker that owns no micro-batches.
    mutating func finish(at nanoseconds: Int64, microBatchCount: Int) -> UInt64 {
        guard microBatchCount > 0, startedAt > 0 else { return 0 }
        let time = (nanoseconds - startedAt - waitedNanoseconds) / Int64(microBatchCount)
        average = average == 0 ? time : average + (time - average) / Self.weight
        return UInt64(max(1, average))
    }
}

/// Numbers the exchanges of a run: in each round first the sums that a pass agrees on, then the gradients, then the
/// audit's findings or the ends of a shared update.
final class AgreementCounter {
    private let count: Int
    /// Floats of the longest sum.
    let longest: Int
    /// Sums of this round's pass that are complete.
    var done = 0

    /// `sumCounts` has the floats of each sum of a pass.
    init(_ sumCounts: [Int]) {
        count = sumCounts.count
        longest = sumCounts.max() ?? 0
    }

    /// The number of the round's last exchange: an audit, or what workers tell each other about a shared update.
    func lastNumber(ofRound round: Int) -> UInt64 { firstNumber(ofRound: round) + UInt64(count) + 1 }

    var isComplete: Bool { done == count }

    /// The number of the round's next exchange.
    func number(ofRound round: Int) -> UInt64 { firstNumber(ofRound: round) + UInt64(done) }

    func firstNumber(ofRound round: Int) -> UInt64 { UInt64(round) * UInt64(count + 2) }
}
