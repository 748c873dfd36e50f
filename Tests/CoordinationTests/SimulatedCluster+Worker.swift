import Testing

@testable import Coordination

/// The worker's driver and its pretended training.
extension SimulatedCluster {
    func start(_ worker: SimulatedWorker) {
        on(worker) { self.perform(worker.machine.start(now: self.now), of: worker) }
        tick(worker)
    }

    private func tick(_ worker: SimulatedWorker) {
        on(worker) { self.perform(worker.machine.tick(now: self.now), of: worker) }
        // A worker that nobody leads any more still has its own deadlines, but not for ever.
        if worker.isHere, !worker.isFrozen {
            after(50) { self.tick(worker) }
        }
    }

    func freeze(_ worker: SimulatedWorker) {
        worker.isFrozen = true
    }

    func perform(_ actions: [WorkerAction], of worker: SimulatedWorker) {
        for action in actions {
            guard worker.isHere else { return }
            switch action {
            case .send(let message): sendToCoordinator(message.encoded(), from: worker)
            case .loadExperiment: load(worker)
            case .expectContent(let content):
                worker.content[content.identifier] = [UInt8](repeating: 0, count: Int(content.byteCount))
            case .storeContent(let content, let offset, let bytes):
                worker.content[content]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            case .prepare: prepare(worker)
            case .enterView(let view): link(worker, view)
            case .extendGrant, .stopAt: compute(worker)
            case .serializeState(let purpose):
                after(2) { self.on(worker) { self.serialize(worker, purpose) } }
            case .interruptCompute: worker.isInterrupted = true
            case .exit(let code, let reason):
                worker.exit = (code, reason)
                childEnded(worker, .exited(code: code))
            }
        }
    }

    private func load(_ worker: SimulatedWorker) {
        after(random(1...20)) {
            self.on(worker) {
                let missing = worker.hasData ? [] : [Self.dataDigest]
                self.perform(worker.machine.experimentLoaded(missing: missing, now: self.now), of: worker)
            }
        }
    }

    private func prepare(_ worker: SimulatedWorker) {
        worker.completedSteps = options.start.completedSteps
        after(random(1...20)) {
            self.on(worker) {
                self.perform(
                    worker.machine.prepared(
                        completedSteps: worker.completedSteps, stateDigest: worker.stateDigest, now: self.now),
                    of: worker)
            }
        }
    }

    private func link(_ worker: SimulatedWorker, _ view: View) {
        worker.view = view
        after(random(1...5)) {
            self.on(worker) {
                self.perform(
                    worker.machine.linked(
                        generation: view.generation, completedSteps: worker.completedSteps,
                        stateDigest: worker.stateDigest, now: self.now), of: worker)
            }
        }
    }

    /// Starts the next step, if the grant allows it.
    func compute(_ worker: SimulatedWorker) {
        guard !worker.isBusy, !worker.isInterrupted, !worker.hasFinished else { return }
        if worker.machine.stopLimit == worker.completedSteps {
            return finish(worker, isComplete: false)
        }
        guard worker.completedSteps < worker.machine.stepLimit else { return }
        #expect(worker.completedSteps < highestGrant, "no worker passes its grant")
        worker.isBusy = true
        after(random(options.stepMilliseconds)) {
            self.on(worker) { self.contribute(worker, to: worker.completedSteps) }
        }
    }

    func completeStep(_ worker: SimulatedWorker) {
        guard !worker.isInterrupted else { return }
        if worker.completedSteps == options.nonFiniteStep {
            guard worker.rank == 1 else { return }
            let kind = WorkerFailure.Kind.nonFinite(step: worker.completedSteps, microBatch: 4, what: "the loss")
            return perform(worker.machine.failed(kind, message: "", now: now), of: worker)
        }
        if worker.rank == 0 {
            let step = worker.completedSteps
            perform(worker.machine.stepReduced(step: step, digest: step &* 17, now: now), of: worker)
        }
        worker.completedSteps += 1
        worker.isBusy = false
        perform(
            worker.machine.computed(
                completedSteps: worker.completedSteps, phase: .computing, counter: worker.completedSteps * 4,
                measures: nil, now: now), of: worker)
        if worker.completedSteps % options.stepsPerEpoch == 0 {
            endEpoch(worker)
        }
        compute(worker)
    }

    private func endEpoch(_ worker: SimulatedWorker) {
        let epoch = worker.completedSteps / options.stepsPerEpoch
        perform(
            worker.machine.epochEnded(
                epoch: UInt32(epoch), completedSteps: worker.completedSteps, row: Array("row \(epoch)".utf8),
                stateDigest: worker.stateDigest, bestImproved: epoch % 2 == 1, now: now), of: worker)
        if worker.rank == 0 {
            serialize(worker, .epochEnd)
        }
        if epoch == options.epochs {
            finish(worker, isComplete: true)
        }
    }

    private func finish(_ worker: SimulatedWorker, isComplete: Bool) {
        worker.hasFinished = true
        if worker.rank == 0, !isComplete, worker.completedSteps % options.stepsPerEpoch != 0 {
            serialize(worker, .stop)
        }
        perform(
            worker.machine.finished(
                completedSteps: worker.completedSteps, stateDigest: worker.stateDigest, isComplete: isComplete,
                now: now), of: worker)
    }

    private func serialize(_ worker: SimulatedWorker, _ purpose: StatePurpose) {
        let name = StateName(
            purpose: purpose, completedSteps: worker.completedSteps,
            completedEpochs: UInt32(worker.completedSteps / options.stepsPerEpoch))
        perform(
            worker.machine.stateSerialized(name, bytes: stateBytes(worker.completedSteps), now: now), of: worker)
    }
}
