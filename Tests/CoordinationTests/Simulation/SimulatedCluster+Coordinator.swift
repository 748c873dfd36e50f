import Core

@testable import Coordination

/// The coordinator's driver, with its disk.
extension SimulatedCluster {
    static func configuration(
        _ options: Options, disk: SimulatedDisk, training: SimulatedTraining, children: [Int32],
        _ adjust: (inout CoordinatorConfiguration) -> Void
    ) -> CoordinatorConfiguration {
        var configuration = CoordinatorConfiguration(
            job: JobIdentifier(high: 1, low: options.seed), experiment: "name: test\n",
            experimentDigest: SampleMessages.digest(50), arithmeticVersion: 3,
            microBatchCount: options.microBatchCount, bounds: training.bounds, workerCount: options.workerCount,
            processSpace: SimulatedWorker.localSpace,
            data: [ContentDescription(identifier: .data(dataDigest), byteCount: options.dataByteCount)])
        configuration.settings.minimumWorkerCount = options.minimumWorkerCount
        configuration.settings.rebalances = options.rebalances
        configuration.settings.audit = options.audits ? .all : .none
        configuration.ownerLimit = options.ownerLimit ?? options.workerCount
        configuration.childProcessIdentifiers = children
        configuration.settings.checkpointEpochInterval = options.checkpointEpochInterval
        configuration.term = disk.term + 1
        configuration.lastGeneration = disk.highestGeneration
        if let last = disk.last {
            let rounds = SimulatedTraining.read(last.bytes).rounds
            let content = ContentDescription(
                identifier: .state(SHA256Digest(of: last.bytes)), byteCount: UInt64(last.bytes.count))
            configuration.start = .state(content, training.position(rounds))
        }
        adjust(&configuration)
        return configuration
    }

    func startTicking(_ process: SimulatedCoordinator) {
        on(process) { self.perform(process.machine.tick(now: process.clock.local(self.now)), of: process) }
        if process.isHere {
            let wake = max(now, process.pausedUntil) - now
            after(wake + random(25...50)) { self.startTicking(process) }
        }
    }

    /// Does it now, or when a paused process wakes; nothing when it is gone.
    func on(_ process: SimulatedCoordinator, _ body: @escaping () -> Void) {
        guard process.isHere else { return }
        if now < process.pausedUntil { process.postponed.append(body) } else { body() }
    }

    func pause(_ process: SimulatedCoordinator, for milliseconds: UInt64) {
        guard process.isHere else { return }
        note("the coordinator pauses for \(milliseconds) ms")
        process.pausedUntil = max(process.pausedUntil, now + milliseconds)
        at(process.pausedUntil) {
            guard self.now >= process.pausedUntil else { return }
            let postponed = process.postponed
            process.postponed = []
            for body in postponed { self.on(process, body) }
        }
    }

    func perform(_ actions: [CoordinatorAction], of process: SimulatedCoordinator) {
        for action in actions {
            guard process.isHere else {
                return check(process.isDead, "something follows the coordinator's end: \(action)")
            }
            // The journal has the steps already: a crash now is one before the next action.
            if case .showSteps = action { continue }
            perform(action, of: process)
            process.actionsLeft -= 1
            if process.actionsLeft == 0 { kill(process) }
        }
    }

    private func perform(_ action: CoordinatorAction, of process: SimulatedCoordinator) {
        switch action {
        case .send(let message, let connection): send(message, to: connection, from: process)
        case .sendContent(let content, let chunks, let connection):
            sendContent(content, chunks, to: connection, from: process)
        case .recordEpoch(let record): self.record(record)
        case .writeCheckpoint(let request): write(request, of: process)
        case .journal(let event):
            fingerprint.add(event, of: training)
            write(event, of: process)
        case .log(let entry):
            logs.append(entry)
            note("\(process.name): \(entry.text)")
        case .recordRecovery(let recovery):
            recoveries.append(recovery)
            fingerprint.add(recovery)
        case .reexecuteGradient(let question): auditQuestions.append(question)
        case .showProgress, .showSteps, .showValidation, .answer: break
        case .compareStates:
            after(1) {
                self.on(process) {
                    let now = process.clock.local(self.now)
                    self.perform(process.machine.statesCompared(tensors: ["a.weight"], now: now), of: process)
                }
            }
        case .terminate(let identifier): terminate(identifier)
        case .finish(let outcome):
            process.isOver = true
            note("the coordinator ends: \(outcome)")
            runEnded(outcome)
        }
    }

    private func send(
        _ message: CoordinatorMessage, to connection: ConnectionIdentifier, from process: SimulatedCoordinator
    ) {
        switch message {
        case .grant(let grant), .stop(let grant):
            grants[grant.generation] = max(grants[grant.generation] ?? 0, grant.stepLimit)
        case .refused(let refusal): refusals.append((connection, refusal))
        default: break
        }
        guard let worker = worker(of: connection, process) else { return }
        let sender = process.machine.identity
        transmit(from: SimulatedNetwork.coordinator, to: worker.slot) {
            // A connection that was made anew, or to another coordinator, carries nothing of the old one.
            guard self.connection(of: worker, process) == connection else { return }
            self.on(worker) {
                self.noteMessage(message.summary, from: process.name, to: worker.name)
                self.perform(
                    worker.machine.received(message, from: sender, now: worker.clock.local(self.now)), of: worker)
            }
        }
    }

    private func sendContent(
        _ content: ContentIdentifier, _ chunks: Range<Int>, to connection: ConnectionIdentifier,
        from process: SimulatedCoordinator
    ) {
        let all: [UInt8]
        if case .state = content { all = process.startBytes ?? [] } else { all = contentBytes() }
        let description = ContentDescription(identifier: content, byteCount: UInt64(all.count))
        for chunk in chunks {
            let bytes = Array(all[description.byteRange(ofChunk: chunk)])
            contentChunksSent += 1
            let message = ContentChunk(
                content: content, chunk: UInt32(chunk), checksum: CRC32C.checksum(bytes), bytes: bytes)
            send(.contentChunk(message), to: connection, from: process)
        }
    }

    func contentBytes() -> [UInt8] {
        (0..<Int(options.dataByteCount)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private func write(_ request: CheckpointRequest, of process: SimulatedCoordinator) {
        after(random(0...5)) {
            self.on(process) {
                let fails = self.failingWrites > 0
                if fails { self.failingWrites -= 1 } else { self.save(request) }
                let now = process.clock.local(self.now)
                self.perform(
                    process.machine.checkpointWritten(
                        identifier: request.identifier, failure: fails ? "no space left" : nil, now: now), of: process)
            }
        }
    }

    /// The file thread appends a record, and reports a view that is durable.
    private func write(_ event: RunEvent, of process: SimulatedCoordinator) {
        guard case .view(let view) = event, options.journalMilliseconds.upperBound > 0 else {
            disk.append(event, synchronizesViews: options.safeguards.synchronizesViews)
            if case .view(let view) = event { viewJournalled(view, of: process) }
            return
        }
        let waits = options.safeguards.waitsForJournal
        if !waits { viewJournalled(view, of: process) }
        after(random(options.journalMilliseconds)) {
            guard process.isHere else { return }
            self.disk.append(event, synchronizesViews: self.options.safeguards.synchronizesViews)
            if waits { self.on(process) { self.viewJournalled(view, of: process) } }
        }
    }

    /// A view counts as given from here on: its members may receive it.
    private func viewJournalled(_ view: View, of process: SimulatedCoordinator) {
        check(view)
        perform(
            process.machine.viewJournalled(
                generation: view.generation, failure: nil, now: process.clock.local(now)), of: process)
    }

    private func save(_ request: CheckpointRequest) {
        check(request)
        fingerprint.add(request)
        disk.write(request)
        note("a checkpoint after step \(request.name.completedSteps) is saved to \(request.destinations)")
    }

    func interrupt(signal: Int32 = 2) {
        let process = coordinator
        note("signal \(signal)")
        on(process) {
            self.perform(
                process.machine.interrupt(signal: signal, now: process.clock.local(self.now)), of: process)
        }
    }
}
