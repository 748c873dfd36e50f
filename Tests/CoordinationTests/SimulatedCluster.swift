import Testing

@testable import Coordination

/// One coordinator and its workers in virtual time, with a network that delays and, on request, reorders.
final class SimulatedCluster {
    struct Options {
        var seed: UInt64 = 1
        var workerCount = 2
        var startedCount = 2
        var stepsPerEpoch: UInt64 = 10
        var epochs: UInt64 = 3
        var stepMilliseconds: ClosedRange<UInt64> = 5...5
        var delayMilliseconds: ClosedRange<UInt64> = 1...1
        var keepsOrder = true
        var stateByteCount = 600_000
        var dataByteCount: UInt64 = 0
        var start = StartingPoint.fresh
        var isRemote = false
        /// Errors of the first checkpoint writes.
        var failingWrites = 0
        var nonFiniteStep: UInt64?
    }

    let options: Options
    var generator: SeededGenerator
    var coordinator: CoordinatorMachine
    var workers: [SimulatedWorker] = []
    var now: UInt64 = 0
    private var queue = EventQueue()
    private var lastArrival: [Int: UInt64] = [:]
    private var contributions: [UInt64: [Int]] = [:]
    var coordinatorPausedUntil: UInt64 = 0
    var eventCount = 0

    var outcome: Outcome?
    var records: [EpochRecord] = []
    var checkpoints: [CheckpointRequest] = []
    var journal: [JournalRecord] = []
    var logs: [LogEntry] = []
    var terminated: [Int32] = []
    var highestGrant: UInt64 = 0
    var failedWrites = 0
    var contentChunksSent = 0

    static let dataDigest = SampleMessages.digest(100)

    init(_ options: Options, adjust: (inout CoordinatorConfiguration) -> Void = { _ in }) throws {
        self.options = options
        generator = SeededGenerator(state: options.seed)
        var configuration = CoordinatorConfiguration(
            job: JobIdentifier(high: 1, low: options.seed), experiment: "name: test\n",
            experimentDigest: SampleMessages.digest(50), arithmeticVersion: 3, microBatchCount: 8,
            workerCount: options.workerCount, host: "here",
            data: [ContentDescription(identifier: .data(Self.dataDigest), byteCount: options.dataByteCount)],
            checksum: testChecksum)
        configuration.start = options.start
        configuration.expectedNames = (0..<options.workerCount).map { "worker-\($0)" }
        configuration.childProcessIdentifiers =
            options.isRemote ? [] : (0..<options.startedCount).map { Int32(1000 + $0) }
        adjust(&configuration)
        coordinator = try CoordinatorMachine(configuration: configuration, now: 0)
        for index in 0..<options.startedCount {
            workers.append(SimulatedWorker(index: index, hello: hello(index), now: 0))
        }
    }

    func hello(_ index: Int) -> Hello {
        Hello(
            name: "worker-\(index)", host: options.isRemote ? "there-\(index)" : "here",
            processIdentifier: Int32(1000 + index), build: "test", arithmeticVersion: 3, instructionSet: "avx2",
            dataDigests: [], inboxAddress: "ipc://\(index)", threadCount: 1)
    }

    static func digest(ofStep step: UInt64, isCorrupt: Bool) -> ContentDigest {
        SampleMessages.digest(UInt8(truncatingIfNeeded: step &* 3 &+ (isCorrupt ? 1 : 0)))
    }

    static func contentBytes(_ byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    func stateBytes(_ step: UInt64) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: options.stateByteCount)
    }

    // MARK: Time

    func at(_ time: UInt64, _ event: @escaping () -> Void) {
        queue.add(at: max(time, now), event)
    }

    func after(_ milliseconds: UInt64, _ event: @escaping () -> Void) {
        at(now + milliseconds, event)
    }

    func random(_ range: ClosedRange<UInt64>) -> UInt64 {
        UInt64.random(in: range, using: &generator)
    }

    /// Starts everybody and runs until nothing is left to happen; gives the outcome.
    @discardableResult
    func run(eventLimit: Int = 400_000) -> Outcome? {
        for worker in workers {
            after(random(options.delayMilliseconds)) { self.start(worker) }
        }
        tickCoordinator()
        while let event = queue.next() {
            now = event.time
            event.action()
            eventCount += 1
            guard eventCount < eventLimit else {
                Issue.record("seed \(options.seed): no end after \(eventCount) events")
                break
            }
        }
        return outcome
    }

    private func tickCoordinator() {
        onCoordinator { self.perform(self.coordinator.tick(now: self.now)) }
        if outcome == nil {
            after(50) { self.tickCoordinator() }
        }
    }

    /// Does it now, or when a paused coordinator wakes; nothing once the run is over.
    func onCoordinator(_ body: @escaping () -> Void) {
        if now < coordinatorPausedUntil {
            at(coordinatorPausedUntil, body)
        } else if outcome == nil {
            body()
        }
    }

    func on(_ worker: SimulatedWorker, _ body: @escaping () -> Void) {
        if worker.isFrozen {
            worker.postponed.append(body)
        } else if worker.isHere {
            body()
        }
    }

    // MARK: Network

    private func arrival(onLink link: Int) -> UInt64 {
        let time = now + random(options.delayMilliseconds)
        guard options.keepsOrder else { return time }
        let ordered = max(time, lastArrival[link] ?? 0)
        lastArrival[link] = ordered
        return ordered
    }

    func sendToCoordinator(_ bytes: [UInt8], from worker: SimulatedWorker) {
        at(arrival(onLink: worker.index)) {
            self.onCoordinator {
                self.perform(self.coordinator.received(bytes, from: worker.connection, now: self.now))
            }
        }
    }

    private func send(_ message: CoordinatorMessage, to connection: ConnectionIdentifier) {
        if case .grant(_, let limit) = message { highestGrant = max(highestGrant, limit) }
        if case .stop(_, let limit) = message { highestGrant = max(highestGrant, limit) }
        guard let worker = workers.first(where: { $0.connection == connection }) else { return }
        let bytes = message.encoded()
        at(arrival(onLink: 1000 + worker.index)) {
            self.on(worker) { self.perform(worker.machine.received(bytes, now: self.now), of: worker) }
        }
    }

    // MARK: The coordinator's driver

    func perform(_ actions: [CoordinatorAction]) {
        for action in actions {
            #expect(outcome == nil, "nothing follows the end")
            switch action {
            case .send(let message, let connection): send(message, to: connection)
            case .sendContent(let content, let chunks, let connection): sendContent(content, chunks, to: connection)
            case .recordEpoch(let record): records.append(record)
            case .writeCheckpoint(let request): write(request)
            case .journal(let record): journal.append(record)
            case .log(let entry): logs.append(entry)
            case .showProgress: break
            case .terminate(let processIdentifier):
                terminated.append(processIdentifier)
                if let worker = workers.first(where: { $0.hello.processIdentifier == processIdentifier }) {
                    kill(worker)
                }
            case .finish(let outcome): self.outcome = outcome
            }
        }
    }

    private func sendContent(
        _ content: ContentIdentifier, _ chunks: Range<Int>, to connection: ConnectionIdentifier
    ) {
        let description = ContentDescription(identifier: content, byteCount: options.dataByteCount)
        let all = Self.contentBytes(Int(options.dataByteCount))
        for chunk in chunks {
            let bytes = Array(all[description.byteRange(ofChunk: chunk)])
            contentChunksSent += 1
            let message = ContentChunk(
                content: content, chunk: UInt32(chunk), checksum: testChecksum(bytes), bytes: bytes)
            send(.contentChunk(message), to: connection)
        }
    }

    private func write(_ request: CheckpointRequest) {
        after(3) {
            self.onCoordinator {
                let fails = self.failedWrites < self.options.failingWrites
                if fails { self.failedWrites += 1 } else { self.checkpoints.append(request) }
                self.perform(
                    self.coordinator.checkpointWritten(
                        identifier: request.identifier, failure: fails ? "no space left" : nil, now: self.now))
            }
        }
    }

    // MARK: Faults

    /// SIGKILL; a local child's parent sees it at once.
    func kill(_ worker: SimulatedWorker) {
        guard worker.isHere else { return }
        worker.isDead = true
        childEnded(worker, .signalled(number: 9, name: "SIGKILL"))
    }

    func childEnded(_ worker: SimulatedWorker, _ status: ChildStatus) {
        guard !options.isRemote else { return }
        after(1) {
            self.onCoordinator {
                self.perform(
                    self.coordinator.childEnded(
                        processIdentifier: worker.hello.processIdentifier, status: status, now: self.now))
            }
        }
    }

    func interrupt() {
        onCoordinator { self.perform(self.coordinator.interrupt(signal: 2, now: self.now)) }
    }

    /// All members contributed to a step: it is complete for each of them, not quite at the same time.
    func contribute(_ worker: SimulatedWorker, to step: UInt64) {
        contributions[step, default: []].append(worker.index)
        guard let view = worker.view, contributions[step, default: []].count == view.members.count else { return }
        for index in contributions[step, default: []] {
            let member = workers[index]
            after(random(0...1)) { self.on(member) { self.completeStep(member) } }
        }
    }
}
