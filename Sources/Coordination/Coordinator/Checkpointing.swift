import Core

/// States on their way from a worker's memory to the run's checkpoints: received in chunks, held until all owners agree
/// on them, then written one at a time.
struct Checkpointing {
    enum Arrival: Equatable {
        /// A chunk that was received before.
        case ignored
        /// Checksum or length is wrong.
        case damaged
        case stored
        /// The state is complete and held for a checkpoint.
        case held
        /// The state is complete, and not meant for a checkpoint.
        case delivered([UInt8])
    }

    /// What the owners agreed on, with which held states are compared.
    struct Agreement {
        var ledger: RunLedger
        var stop: Grants.Stop?
        /// One element an owner.
        var ownersDone: [Done?]
        /// Of the state that is rescued.
        var rescueDigest: SHA256Digest?
    }

    /// A state with another digest than the agreed one. It is dropped, and may be received from another worker.
    struct WrongState: Equatable {
        var name: StateName
        /// Identifier of the worker that sent it.
        var sender: UInt32
    }

    private struct HeldState {
        var name: StateName
        var bytes: [UInt8]
        var digest: SHA256Digest
        var sender: UInt32
    }

    private enum Verdict {
        /// Owners may still disagree on it.
        case open
        case write([CheckpointRequest.Destination])
        case wrong
        /// No owner has a digest of it: nothing proves that it is the right one.
        case unproved
    }

    private let settings: RunSettings
    private var collector = StateCollector()
    private var held: [HeldState] = []
    private var queue: CheckpointQueue

    init(_ configuration: CoordinatorConfiguration) {
        settings = configuration.settings
        let start = configuration.start.position
        queue = CheckpointQueue(
            retryMilliseconds: configuration.timing.checkpointRetryMilliseconds,
            savedSteps: start.completedSteps, savedEpochs: start.completedEpochs)
    }

    /// Steps that are complete in `last`.
    var savedSteps: UInt64 { queue.savedSteps }

    /// The last epoch whose end is in a checkpoint.
    var savedEpochs: UInt32 { queue.savedEpochs }

    /// Whether nothing is left to write.
    var hasWrittenAll: Bool { queue.isEmpty }

    /// Whether no state is on its way: none is partly received, held or being written.
    var isIdle: Bool { queue.isEmpty && held.isEmpty && !collector.isWaiting }

    // MARK: Receiving

    mutating func receive(_ chunk: StateChunk, from worker: UInt32) -> Arrival {
        switch collector.receive(chunk, from: worker) {
        case .ignored: return .ignored
        case .damaged: return .damaged
        case .stored: return .stored
        case .complete(let bytes):
            switch chunk.name.purpose {
            case .audit, .comparison:
                // It may be asked for again after the same step.
                collector.forget(chunk.name)
                return .delivered(bytes)
            case .epochEnd, .stop, .diverged, .rescue:
                held.append(
                    HeldState(name: chunk.name, bytes: bytes, digest: SHA256Digest(of: bytes), sender: worker))
                return .held
            }
        }
    }

    /// Drops states that are partly received: in the next view they are sent from their beginning.
    mutating func forgetUnfinished() {
        collector.forgetUnfinished()
    }

    // MARK: Agreement

    /// Queues the held states that have the digest on which the owners agree: an epoch's state when the epoch is
    /// recorded, the state of a stop when all owners are done at its limit. Returns the states that have another one.
    mutating func release(_ agreement: Agreement) -> [WrongState] {
        var kept: [HeldState] = []
        var wrong: [WrongState] = []
        for state in held
        where state.name.purpose != .stop || agreement.stop?.stepLimit == state.name.completedSteps {
            switch verdict(on: state, agreement) {
            case .open: kept.append(state)
            case .write(let destinations): queue.add(state.name, bytes: state.bytes, destinations: destinations)
            case .wrong:
                collector.forget(state.name)
                wrong.append(WrongState(name: state.name, sender: state.sender))
            case .unproved: break
            }
        }
        held = kept
        return wrong
    }

    private func verdict(on state: HeldState, _ agreement: Agreement) -> Verdict {
        let name = state.name
        func compared(with digest: SHA256Digest?, _ destinations: [CheckpointRequest.Destination]) -> Verdict {
            guard let digest else { return .unproved }
            return state.digest == digest ? .write(destinations) : .wrong
        }
        // It replaces no checkpoint.
        if name.purpose == .diverged { return .write([.diverged]) }
        guard name.completedEpochs <= agreement.ledger.completedEpochs else { return .open }
        switch name.purpose {
        case .audit, .comparison, .diverged: return .open
        case .rescue: return compared(with: agreement.rescueDigest, [.last])
        case .stop:
            let isAgreed = agreement.ownersDone.allSatisfy { $0?.completedSteps == name.completedSteps }
            guard isAgreed, let done = agreement.ownersDone.first else { return .open }
            return compared(with: done?.stateDigest, [.last])
        case .epochEnd:
            var destinations = [CheckpointRequest.Destination.last]
            if agreement.ledger.bestImproved(inEpoch: name.completedEpochs) { destinations.append(.best) }
            if settings.keepsCheckpoint(epoch: Int(name.completedEpochs)) {
                destinations.append(.epoch(name.completedEpochs))
            }
            return compared(with: agreement.ledger.stateDigest(ofEpoch: name.completedEpochs), destinations)
        }
    }

    // MARK: Writing

    /// What to write now, if anything.
    mutating func nextRequest(now: UInt64) -> CheckpointRequest? {
        queue.next(now: now)
    }

    mutating func written(identifier: UInt64, failure: String?, now: UInt64) -> CheckpointQueue.Result {
        queue.written(identifier: identifier, failure: failure, now: now)
    }

    /// Drops the checkpoints that are not written yet.
    mutating func abandon() {
        queue.abandon()
    }
}

/// Assembles serialized states from chunks in any order.
struct StateCollector {
    enum Arrival: Equatable {
        case ignored
        /// Checksum or length is wrong.
        case damaged
        case stored
        case complete([UInt8])
    }

    private struct Assembly {
        var name: StateName
        var worker: UInt32
        var totalByteCount: UInt64
        var pieces: [[UInt8]]
        var missingCount: Int
    }

    private var assemblies: [Assembly] = []
    private var completed: Set<StateName> = []

    /// Whether part of a state is still on its way.
    var isWaiting: Bool { !assemblies.isEmpty }

    mutating func receive(_ chunk: StateChunk, from worker: UInt32) -> Arrival {
        guard !completed.contains(chunk.name) else { return .ignored }
        let chunkByteCount = UInt64(WireLimits.chunkByteCount)
        guard chunk.totalByteCount > 0, chunk.totalByteCount <= WireLimits.contentByteCount,
            chunk.offset < chunk.totalByteCount, chunk.offset % chunkByteCount == 0,
            UInt64(chunk.bytes.count) == min(chunkByteCount, chunk.totalByteCount - chunk.offset),
            CRC32C.checksum(chunk.bytes) == chunk.checksum
        else { return .damaged }
        let index = assembly(for: chunk, from: worker)
        guard assemblies[index].totalByteCount == chunk.totalByteCount else { return .damaged }
        let piece = Int(chunk.offset / chunkByteCount)
        guard assemblies[index].pieces[piece].isEmpty else { return .ignored }
        assemblies[index].pieces[piece] = chunk.bytes
        assemblies[index].missingCount -= 1
        guard assemblies[index].missingCount == 0 else { return .stored }
        completed.insert(chunk.name)
        let assembly = assemblies.remove(at: index)
        var state: [UInt8] = []
        state.reserveCapacity(Int(assembly.totalByteCount))
        // Array(joined()) would copy byte after byte.
        for piece in assembly.pieces { state += piece }
        return .complete(state)
    }

    mutating func forgetUnfinished() {
        assemblies = []
    }

    /// Lets a state be received once more.
    mutating func forget(_ name: StateName) {
        completed.remove(name)
    }

    /// The assembly of a state. A new sender replaces one that was lost, because late chunks of that one may be here.
    private mutating func assembly(for chunk: StateChunk, from worker: UInt32) -> Int {
        assemblies.removeAll { $0.name == chunk.name && $0.worker != worker }
        if let index = assemblies.firstIndex(where: { $0.name == chunk.name }) {
            return index
        }
        let chunkByteCount = UInt64(WireLimits.chunkByteCount)
        let pieceCount = Int((chunk.totalByteCount + chunkByteCount - 1) / chunkByteCount)
        assemblies.append(
            Assembly(
                name: chunk.name, worker: worker, totalByteCount: chunk.totalByteCount,
                pieces: Array(repeating: [], count: pieceCount), missingCount: pieceCount))
        return assemblies.count - 1
    }
}

/// Writes checkpoints one at a time. A failed write is retried, three attempts in all.
struct CheckpointQueue {
    enum Result: Equatable {
        case ignored
        case saved(StateName)
        case retried(message: String)
        case failed(attempts: Int, message: String)
    }

    static let attemptLimit = 3

    private let retryMilliseconds: UInt64
    private(set) var savedSteps: UInt64
    private(set) var savedEpochs: UInt32
    /// Steps of the newest states that were given for `last` and `best`.
    private var lastSteps: UInt64
    private var bestSteps: UInt64 = 0
    private var waiting: [CheckpointRequest] = []
    private var isWriting = false
    private var attempts = 0
    private var notBefore: UInt64 = 0
    private var nextIdentifier: UInt64 = 1

    init(retryMilliseconds: UInt64, savedSteps: UInt64, savedEpochs: UInt32) {
        self.retryMilliseconds = retryMilliseconds
        self.savedSteps = savedSteps
        lastSteps = savedSteps
        self.savedEpochs = savedEpochs
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// Queues a state. States may arrive out of order: an older one never replaces a newer one.
    mutating func add(_ name: StateName, bytes: [UInt8], destinations: [CheckpointRequest.Destination]) {
        let destinations = destinations.filter { destination in
            switch destination {
            case .last: name.completedSteps >= lastSteps
            case .best: name.completedSteps >= bestSteps
            case .epoch, .diverged: true
            }
        }
        guard !destinations.isEmpty else { return }
        if destinations.contains(.last) { lastSteps = name.completedSteps }
        if destinations.contains(.best) { bestSteps = name.completedSteps }
        waiting.append(
            CheckpointRequest(identifier: nextIdentifier, name: name, destinations: destinations, bytes: bytes))
        nextIdentifier += 1
    }

    mutating func abandon() {
        waiting = []
        isWriting = false
    }

    mutating func next(now: UInt64) -> CheckpointRequest? {
        guard !isWriting, now >= notBefore, let request = waiting.first else { return nil }
        isWriting = true
        return request
    }

    mutating func written(identifier: UInt64, failure: String?, now: UInt64) -> Result {
        guard isWriting, let request = waiting.first, request.identifier == identifier else { return .ignored }
        isWriting = false
        guard let failure else {
            waiting.removeFirst()
            attempts = 0
            if request.destinations.contains(.last) {
                savedSteps = max(savedSteps, request.name.completedSteps)
                savedEpochs = max(savedEpochs, request.name.completedEpochs)
            }
            return .saved(request.name)
        }
        attempts += 1
        guard attempts < Self.attemptLimit else { return .failed(attempts: attempts, message: failure) }
        notBefore = now + retryMilliseconds
        return .retried(message: failure)
    }
}
