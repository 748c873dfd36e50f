import Core

@testable import Coordination

/// The worker's driver.
extension SimulatedCluster {
    func start(_ worker: SimulatedWorker) {
        after(random(options.delayMilliseconds)) {
            self.on(worker) {
                self.perform(worker.machine.start(now: worker.clock.local(self.now)), of: worker)
                self.startTicking(worker)
            }
        }
    }

    private func startTicking(_ worker: SimulatedWorker) {
        on(worker) { self.perform(worker.machine.tick(now: worker.clock.local(self.now)), of: worker) }
        if worker.isHere {
            let wake = max(now, worker.pausedUntil) - now
            after(wake + random(25...50)) { self.startTicking(worker) }
        }
    }

    func on(_ worker: SimulatedWorker, _ body: @escaping () -> Void) {
        guard worker.isHere else { return }
        if now < worker.pausedUntil { worker.postponed.append(body) } else { body() }
    }

    func pause(_ worker: SimulatedWorker, for milliseconds: UInt64) {
        guard worker.isHere else { return }
        note("\(worker.name) pauses for \(milliseconds) ms")
        worker.pausedUntil = max(worker.pausedUntil, now + milliseconds)
        at(worker.pausedUntil) {
            guard self.now >= worker.pausedUntil else { return }
            let postponed = worker.postponed
            worker.postponed = []
            for body in postponed { self.on(worker, body) }
        }
    }

    func perform(_ actions: [WorkerAction], of worker: SimulatedWorker) {
        for action in actions {
            guard worker.isHere else { return }
            switch action {
            case .send(let message): sendToCoordinator(message, from: worker)
            case .compute(let command): compute(command, worker)
            case .interruptCompute: break
            case .note(let text): notes.append(text)
            case .exit(let code, let reason): exited(worker, code, reason)
            }
        }
    }

    /// A signal asks the worker's process to end.
    func signal(_ worker: SimulatedWorker, _ signal: Int32 = 15) {
        note("\(worker.name) receives signal \(signal)")
        on(worker) {
            self.perform(worker.machine.interrupt(signal: signal, now: worker.clock.local(self.now)), of: worker)
        }
    }

    /// A scheduler signals every process, in any order.
    func signalAll(_ signal: Int32 = 15) {
        for worker in workers { after(random(0...3)) { self.signal(worker, signal) } }
        after(random(0...3)) { self.interrupt(signal: signal) }
    }

    /// What the compute thread does with a command.
    private func compute(_ command: ComputeCommand, _ worker: SimulatedWorker) {
        switch command {
        case .loadExperiment: load(worker)
        case .expectContent(let content):
            worker.fetched[content.identifier] = [UInt8](repeating: 0, count: Int(content.byteCount))
        case .storeContent(let content, let offset, let bytes):
            worker.fetched[content]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .prepare: prepare(worker)
        case .quiesce: quiesce(worker)
        case .enterView(let view): enter(view, worker)
        case .extendGrant:
            worker.mayCompute = true
            computeOn(worker)
        case .stopAt(let stepLimit):
            worker.mayCompute = true
            worker.stopLimit = stepLimit
            computeOn(worker)
        case .serializeState(let purpose):
            after(random(1...2)) { self.on(worker) { self.serialize(worker, purpose) } }
        case .saveState:
            after(random(1...5)) { self.on(worker) { self.report(.stateSaved(path: "state"), worker) } }
        case .leave: break
        }
    }

    /// The compute thread reports to its machine.
    func report(_ report: ComputeReport, _ worker: SimulatedWorker) {
        perform(worker.machine.received(report, now: worker.clock.local(now)), of: worker)
    }

    private func load(_ worker: SimulatedWorker) {
        after(random(1...20)) {
            self.on(worker) {
                let missing = worker.hasData ? [] : [Self.dataDigest]
                self.report(.experimentLoaded(missing: missing), worker)
            }
        }
    }

    /// The state that the run starts with, from the coordinator or from the experiment's seed.
    private func prepare(_ worker: SimulatedWorker) {
        after(random(1...20)) {
            self.on(worker) {
                worker.rounds = 0
                worker.state = self.training.states[0]
                for case (.state, let bytes) in worker.fetched {
                    (worker.rounds, worker.state) = SimulatedTraining.read(bytes)
                }
                self.checkState(of: worker)
                worker.activity = .standing
                self.report(
                    .prepared(self.training.position(worker.rounds), stateDigest: self.digest(worker)), worker)
            }
        }
    }

    /// A received state has the epochs that are complete in it; right after one it is the state to be saved.
    func reportPastEpochs(_ worker: SimulatedWorker) {
        let epochs = UInt64(training.position(worker.rounds).completedEpochs)
        for epoch in 0..<epochs {
            let isLast = epoch + 1 == epochs && worker.rounds % (options.stepsPerEpoch + 1) == 0
            report(epoch + 1, of: worker, hasState: isLast)
        }
    }

    /// Reports the end of an epoch, and passes on its state when that is to be saved.
    func report(_ epoch: UInt64, of worker: SimulatedWorker, hasState: Bool) {
        let state = options.safeguards.reportsTrueDigests ? worker.heldState : training.states[Int(worker.rounds)]
        report(.epochEnded(training.report(epoch, state: hasState ? state : nil)), worker)
        let isWanted =
            epoch == options.epochs || training.bestImproved(epoch)
            || Int(epoch) % options.checkpointEpochInterval == 0
        if hasState, isWanted { serialize(worker, .epochEnd) }
    }

    func digest(_ worker: SimulatedWorker) -> SHA256Digest {
        let right = worker.rounds < training.states.count ? training.states[Int(worker.rounds)] : 0
        let state = options.safeguards.reportsTrueDigests ? worker.heldState : right
        return training.digest(rounds: worker.rounds, state: state)
    }

    func serialize(_ worker: SimulatedWorker, _ purpose: StatePurpose) {
        let position = training.position(worker.rounds)
        let name = StateName(
            purpose: purpose, completedSteps: position.completedSteps, completedEpochs: position.completedEpochs)
        let bytes = SimulatedTraining.bytes(
            rounds: worker.rounds, state: worker.heldState, count: options.stateByteCount)
        report(.stateSerialized(name, bytes: bytes), worker)
    }
}
