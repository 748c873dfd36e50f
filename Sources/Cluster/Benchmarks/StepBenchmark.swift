import Collectives
package import Coordination
import Core
import Datasets
package import Experiments
import Glibc
import KernelInterface
import Kernels
import NeuralNetwork
import Training
import Transport

/// Times training steps of one worker among several, without coordinator, checkpoints or validation.
package struct StepBenchmark {
    package var experiment: Experiment
    package var rank: Int
    package var workerCount: Int
    package var threadCount: Int
    package var stepCount: Int
    /// A private folder for the workers' sockets.
    package var directory: String
    package var environment: [String: String]
    /// How gradients travel between the workers.
    package var transport = TransportKind.automatic
    /// Whether to time each layer, which slows the steps a little.
    package var isProfiled = false

    package init(
        experiment: Experiment, rank: Int, workerCount: Int, threadCount: Int, stepCount: Int, directory: String,
        environment: [String: String]
    ) {
        self.experiment = experiment
        self.rank = rank
        self.workerCount = workerCount
        self.threadCount = threadCount
        self.stepCount = stepCount
        self.directory = directory
        self.environment = environment
    }

    /// What one worker measured.
    package struct Result: Sendable, Codable {
        /// Median seconds of a step.
        package var stepSeconds: Double
        /// Mean seconds of a step spent waiting for gradient sums.
        package var exchangeSeconds: Double
        /// The instruction set in use.
        package var instructionSet: String
        /// Mean seconds a step of each part of each unit; empty unless profiled.
        package var units: [UnitTime]
        /// The peak memory of this process in bytes.
        package var peakMemoryByteCount: Int
    }

    /// Processor seconds a step in one unit of the network, on thread 0.
    package struct UnitTime: Sendable, Codable {
        package var name: String
        /// Two for each multiply-add of the forward pass of a step; each of the two gradients has as many.
        package var forwardFLOPs: Int
        package var forwardSeconds: Double
        package var parameterGradientSeconds: Double
        package var inputGradientSeconds: Double
    }

    /// Runs the steps together with the other workers, after a few that are not timed.
    package func run() throws -> Result {
        ProcessorShares(workerCount: workerCount, threadCount: threadCount)?.use(forWorker: rank)
        let instructionSet = try InstructionSet.chosen(environment: environment)
        let model = try Model(experiment.model, loss: experiment.loss)
        let sets = try DatasetLookup.load(experiment, data: nil, environment: environment)
        let trainer = try TrainingReplica(
            experiment: experiment, model: model, data: TrainingData(dataset: sets.training, experiment: experiment),
            state: ReplicatedState(model: model, experiment: experiment), kernels: instructionSet.table,
            threadCount: threadCount)
        let profile = isProfiled ? trainer.startProfile() : nil
        let peers = try connect(trainer)
        let exchange = TimedExchange(peers ?? LocalExchange(arenaCount: model.arenaCount))
        for _ in 0..<Self.warmUpStepCount { _ = try trainer.runStep(exchange) }
        profile?.reset()
        exchange.waitedNanoseconds = 0
        var durations: [Int64] = []
        durations.reserveCapacity(stepCount)
        while durations.count < stepCount {
            let start = MonotonicTime.now
            let result = try trainer.runStep(exchange)
            // The step that ends an epoch includes its validation.
            if result.epoch == nil { durations.append(start.elapsedNanoseconds) }
        }
        let barrier = RankBarrier(directory: directory, rank: rank, rankCount: workerCount)
        _ = try barrier.wait(until: Deadline(afterMilliseconds: Self.endMilliseconds)) {
            peers?.serve()
        }
        durations.sort()
        return Result(
            stepSeconds: Double(durations[durations.count / 2]) / 1e9,
            exchangeSeconds: Double(exchange.waitedNanoseconds) / 1e9 / Double(stepCount),
            instructionSet: instructionSet.rawValue,
            units: profile.map { unitTimes($0) } ?? [], peakMemoryByteCount: Self.peakMemoryByteCount)
    }

    private static let warmUpStepCount = 10
    /// How long a rank waits for the others to end.
    private static let endMilliseconds = 60_000

    private func unitTimes(_ profile: PassProfile) -> [UnitTime] {
        profile.units.map { unit in
            let scale = 1 / 1e9 / Double(stepCount)
            return UnitTime(
                name: unit.name, forwardFLOPs: unit.forwardFLOPsPerSample * experiment.batchSize,
                forwardSeconds: Double(unit.forwardNanoseconds) * scale,
                parameterGradientSeconds: Double(unit.parameterGradientNanoseconds) * scale,
                inputGradientSeconds: Double(unit.inputGradientNanoseconds) * scale)
        }
    }

    private static var peakMemoryByteCount: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    /// Owns this rank's micro-batches and connects to the other workers through socket files in the folder.
    private func connect(_ trainer: TrainingReplica) throws -> PeerExchange? {
        let runs = Ownership.balancedRuns(microBatchCount: experiment.microBatchCount, workerCount: workerCount)
        trainer.own(runs[rank])
        let control = "\(directory)/bench"
        let settings = WorkerSettings(
            coordinatorAddress: "ipc://\(control)", name: String(rank), threadCount: threadCount,
            environment: environment)
        let context = try ZeroMQContext()
        let peers = try PeerNetwork(context, settings: settings)
        peers.job = JobIdentifier(high: 1, low: 1)
        let inboxes = (0..<workerCount).map { Endpoint.ipc(path: "\(control)-\($0)") }
        try AllReduceBenchmark.waitForInboxes(of: inboxes, context: context)
        let members = (0..<workerCount).map { other in
            Member(
                rank: other, workerIdentifier: UInt32(other), name: String(other), host: "", processIdentifier: 0,
                inboxAddress: inboxes[other].description, microBatches: runs[other])
        }
        let view = View(generation: 1, position: .start, holder: 0, members: members)
        let channel = try ComputeChannel()
        var runSettings = RunSettings()
        runSettings.transport = transport
        return try peers.connect(to: view, rank: rank, channel: channel, settings: runSettings).exchange(
            trainer: trainer, board: channel.board)
    }
}

/// Passes all calls on to another exchange and adds up the time that its waits take.
private final class TimedExchange: GradientExchange {
    private let inner: any GradientExchange
    var waitedNanoseconds: Int64 = 0

    init(_ inner: any GradientExchange) {
        self.inner = inner
    }

    func begin(round: Int, batchSize: Int) throws -> GradientRoots {
        try inner.begin(round: round, batchSize: batchSize)
    }

    func bucketFinished(_ index: Int) {
        inner.bucketFinished(index)
    }

    func sum(roots: UnsafeMutablePointer<Float>, rootStride: Int, count: Int) -> UnsafePointer<Float>? {
        inner.sum(roots: roots, rootStride: rootStride, count: count)
    }

    func finish(statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>) throws -> UnsafePointer<Float> {
        let start = MonotonicTime.now
        defer { waitedNanoseconds += start.elapsedNanoseconds }
        return try inner.finish(statistics: statistics)
    }

    func sharedUpdate() -> SharedUpdate? { inner.sharedUpdate() }

    func finishUpdate(isFinite: Bool) throws -> Bool {
        let start = MonotonicTime.now
        defer { waitedNanoseconds += start.elapsedNanoseconds }
        return try inner.finishUpdate(isFinite: isFinite)
    }

    func exchange(
        round: Int, sampleCount: Int, statistics: UnsafeMutableBufferPointer<MicroBatchStatistics>
    ) throws {
        try inner.exchange(round: round, sampleCount: sampleCount, statistics: statistics)
    }
}
