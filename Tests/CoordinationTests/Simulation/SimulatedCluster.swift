import Core
import TestSupport
import Testing

@testable import Coordination

/// A coordinator and its workers in virtual time, with a network, clocks, a disk and a supervisor that are derived from
/// a seed.
///
/// Everything that must hold is checked at every event; the first thing that does not is in `violation`.
final class SimulatedCluster {
    struct Options {
        var seed: UInt64 = 1
        /// Training starts with that many; others join later or wait.
        var workerCount = 2
        var startedCount = 2
        var ownerLimit: Int?
        var minimumWorkerCount = 1
        var microBatchCount = 8
        var stepsPerEpoch: UInt64 = 10
        var epochs: UInt64 = 3
        /// For an equal share of the micro-batches.
        var stepMilliseconds: ClosedRange<UInt64> = 5...5
        var rebalances = false
        var audits = false
        var delayMilliseconds: ClosedRange<UInt64> = 1...1
        var keepsOrder = true
        /// What the checkpoint holds that the run is resumed from; 0 for a new run.
        var startRounds: UInt64 = 0
        var checkpointEpochInterval = 1
        var stateByteCount = 64
        var dataByteCount: UInt64 = 0
        /// Workers on other hosts, where no parent reports how a process ends.
        var remoteSlots: Set<Int> = []
        /// Hosts over which plans spread the workers, in turn.
        var hostCount = 1
        /// Whether dead processes are started again.
        var restarts = true
        /// Whether an interrupted run is resumed.
        var resumes = false
        var hasClockSkew = false
        /// Whether no worker may end by its own error.
        var workersAreSound = false
        var nonFiniteStep: UInt64?
        /// Slots that fetch their data from the coordinator.
        var slotsWithoutData: Set<Int> = []
        /// How long a view takes to be durable in the journal.
        var journalMilliseconds: ClosedRange<UInt64> = 0...0
        var safeguards = Safeguards()
        /// Events that are written down, the last ones.
        var historyLength = 0
        var timeLimit: UInt64 = 3_600_000
    }

    /// What can be switched off to see that its absence is noticed.
    struct Safeguards {
        /// Workers take frames of any generation.
        var checksFrameGenerations = true
        /// The coordinator takes messages of any generation.
        var checksMessageGenerations = true
        /// Workers report the digest of the state that they hold, not of the state that they should hold.
        var reportsTrueDigests = true
        /// A view is synced to the journal before any worker receives it.
        var synchronizesViews = true
        /// A view is durable before any worker receives it, however long that takes.
        var waitsForJournal = true
        /// Each owner's contribution enters a step once.
        var dropsDuplicates = true
    }

    let options: Options
    let adjust: (inout CoordinatorConfiguration) -> Void
    let training: SimulatedTraining
    var generator: SeededGenerator
    var network: SimulatedNetwork
    var disk = SimulatedDisk()
    var history: SimulationHistory
    var fingerprint = RunFingerprint()
    private(set) var violation: String?
    private(set) var now: UInt64 = 0
    private(set) var eventCount = 0
    private var queue = EventQueue()
    /// Called after every event, with its number.
    var afterEvent: ((Int) -> Void)?

    /// Called with the first successor before it does anything.
    var adjustSuccessor: ((SimulatedCoordinator) -> Void)?

    var coordinator: SimulatedCoordinator
    /// The present process of each slot.
    var workers: [SimulatedWorker] = []
    var incarnations = 0
    var inboxes: [String: SimulatedWorker] = [:]
    var failingWrites = 0

    // What happened.
    var outcome: Outcome?
    var outcomes: [Outcome] = []
    var records: [EpochRecord] = []
    var logs: [LogEntry] = []
    var recoveries: [Recovery] = []
    var auditQuestions: [AuditQuestion] = []
    var terminated: [Int32] = []
    /// What workers report that do not report the truth, by slot.
    var liars: [Int: SimulatedLiar] = [:]
    /// Lines that workers showed.
    var notes: [String] = []
    var refusals: [(connection: ConnectionIdentifier, refusal: Refusal)] = []
    var exits: [(name: String, code: Int32, reason: String)] = []
    var views: [UInt64: View] = [:]
    var grants: [UInt64: UInt64] = [:]
    var contentChunksSent = 0
    /// Frames and messages of another generation that were dropped.
    var droppedFrames = 0

    static let dataDigest = SampleMessages.digest(100)

    init(_ options: Options, adjust: @escaping (inout CoordinatorConfiguration) -> Void = { _ in }) throws {
        self.options = options
        self.adjust = adjust
        training = SimulatedTraining(
            microBatchCount: options.microBatchCount, stepsPerEpoch: options.stepsPerEpoch, epochs: options.epochs,
            stateByteCount: options.stateByteCount)
        generator = SeededGenerator(seed: options.seed)
        network = SimulatedNetwork(delayMilliseconds: options.delayMilliseconds, keepsOrder: options.keepsOrder)
        if options.startRounds > 0 { disk.begin(training, rounds: options.startRounds, options.stateByteCount) }
        history = SimulationHistory(length: options.historyLength)
        let clock = options.hasClockSkew ? Self.clock(&generator) : SimulatedClock()
        let processes = (0..<options.startedCount).filter { !options.remoteSlots.contains($0) }.map { Int32(1001 + $0) }
        let configuration = Self.configuration(options, disk: disk, training: training, children: processes, adjust)
        coordinator = try SimulatedCoordinator(configuration, clock: clock, startBytes: disk.last?.bytes, now: 0)
        disk.term = 1
        for slot in 0..<options.startedCount { addWorker(slot) }
    }

    /// The state of a complete run.
    var lastState: UInt64 { training.states[Int(training.roundCount)] }

    var lastDigest: SHA256Digest { training.digest(rounds: training.roundCount, state: lastState) }

    // MARK: Time

    func at(_ time: UInt64, _ event: @escaping () -> Void) {
        queue.add(at: max(time, now), event)
    }

    func after(_ milliseconds: UInt64, _ event: @escaping () -> Void) {
        queue.add(at: now + milliseconds, event)
    }

    func random(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound == range.upperBound ? range.lowerBound : UInt64.random(in: range, using: &generator)
    }

    /// Whether something happens that is to happen so many times in a hundred.
    func chance(_ percent: UInt64) -> Bool { random(0...99) < percent }

    /// Starts everybody and runs until the run is over, and a moment longer; gives the outcome.
    @discardableResult
    func run() -> Outcome? {
        for worker in workers { start(worker) }
        startTicking(coordinator)
        var end: UInt64?
        while violation == nil, let event = queue.next() {
            now = event.time
            event.action()
            eventCount += 1
            afterEvent?(eventCount)
            if outcome != nil, end == nil { end = now + 5000 }
            if let end, now > end { break }
            if now > options.timeLimit, outcome == nil {
                violate("the run has no end \(options.timeLimit) ms after its begin")
            }
        }
        if violation == nil, outcome != nil { checkEnd() }
        fingerprint.add(now)
        fingerprint.add(eventCount)
        return outcome
    }

    // MARK: What was noticed

    func note(_ text: @autoclosure () -> String) {
        if history.length > 0 { history.add("\(now) ms: \(text())") }
    }

    /// A message arrives; repeated heartbeats are left out.
    func noteMessage(_ message: @autoclosure () -> String, from sender: String, to receiver: String) {
        guard history.length > 0 else { return }
        let text = message()
        guard !history.isRepeated(text, on: sender + receiver) else { return }
        note("\(receiver) gets \(text) from \(sender)")
    }

    /// Something is not as it must be.
    func violate(_ text: String) {
        guard violation == nil else { return }
        note("VIOLATION: \(text)")
        violation = "seed \(options.seed), \(now) ms, event \(eventCount): \(text)"
    }

    func check(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds { violate(text()) }
    }

    static func clock(_ generator: inout SeededGenerator) -> SimulatedClock {
        SimulatedClock(
            offset: UInt64.random(in: 0...1_000_000_000, using: &generator),
            partsPerMillion: Int64.random(in: -20_000...20_000, using: &generator))
    }
}
