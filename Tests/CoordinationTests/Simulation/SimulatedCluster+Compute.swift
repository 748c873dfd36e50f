@testable import Coordination

/// The pretended compute thread: rounds, each owner's part of them, and their ends.
extension SimulatedCluster {
    func later(_ worker: SimulatedWorker, _ milliseconds: UInt64, _ body: @escaping () -> Void) {
        let task = worker.task
        after(milliseconds) {
            self.on(worker) {
                if worker.task == task { body() }
            }
        }
    }

    /// Begins the next round, if there is one and it may begin.
    func computeOn(_ worker: SimulatedWorker) {
        guard worker.activity == .waiting, worker.mayCompute else { return }
        let position = training.position(worker.rounds)
        if worker.rounds == training.roundCount { return finish(worker, isComplete: true) }
        if !training.isValidation(worker.rounds) {
            if let limit = worker.stopLimit, position.completedSteps >= limit {
                return finish(worker, isComplete: false)
            }
            guard position.completedSteps < worker.machine.membership.stepLimit else { return }
            checkGrant(of: worker)
        }
        worker.awaitedSince = now
        guard worker.isOwner else {
            worker.activity = .exchanging
            awaitFrames(worker)
            return completeRound(worker)
        }
        worker.activity = .computing
        tellProgress(worker, .computing)
        later(worker, computeMilliseconds(worker)) { self.contribute(worker) }
    }

    /// How long a worker computes, in proportion to its micro-batches.
    private func computeMilliseconds(_ worker: SimulatedWorker) -> UInt64 {
        let fairShare = random(worker.stepMilliseconds)
        guard let view = worker.view else { return fairShare }
        let microBatchNanoseconds = fairShare * 1_000_000 * UInt64(view.ownerCount) / UInt64(options.microBatchCount)
        worker.microBatchNanoseconds = microBatchNanoseconds
        return UInt64(view.members[worker.rank].microBatches.count) * microBatchNanoseconds / 1_000_000
    }

    private func contribute(_ worker: SimulatedWorker) {
        guard let view = worker.view else { return }
        if training.position(worker.rounds).completedSteps == options.nonFiniteStep {
            return failWithNonFinite(worker)
        }
        let run = view.members[worker.rank].microBatches
        let sum = SimulatedTraining.sum(run, of: worker.rounds, from: worker.state)
        worker.frames[.init(generation: view.generation, round: worker.rounds, rank: worker.rank)] = sum
        let frame = PeerFrame.contribution(round: worker.rounds, sum: sum)
        for rank in view.members.indices where rank != worker.rank { send(frame, from: worker, to: rank) }
        worker.activity = .exchanging
        worker.awaitedSince = now
        awaitFrames(worker)
        tellProgress(worker, .exchanging)
        completeRound(worker)
    }

    private func tellProgress(_ worker: SimulatedWorker, _ phase: WorkerPhase) {
        worker.counter += 1
        perform(
            worker.machine.computed(
                completedSteps: training.position(worker.rounds).completedSteps, phase: phase,
                counter: worker.counter, microBatchNanoseconds: worker.microBatchNanoseconds, measures: nil,
                now: worker.clock.local(now)), of: worker)
    }

    private func failWithNonFinite(_ worker: SimulatedWorker) {
        guard worker.rank == 1 else { return }
        worker.activity = .failed
        let step = training.position(worker.rounds).completedSteps
        let kind = WorkerFailure.Kind.nonFinite(step: step, microBatch: 4, what: "the loss")
        report(.failed(kind, message: ""), worker)
    }

    /// Applies the round when all owners' contributions are there.
    func completeRound(_ worker: SimulatedWorker) {
        guard worker.activity == .exchanging, let view = worker.view else { return }
        var sum: UInt64 = 0
        for rank in 0..<view.ownerCount {
            let key = SimulatedWorker.FrameKey(generation: view.generation, round: worker.rounds, rank: rank)
            guard let part = worker.frames[key] else { return }
            sum = sum &+ part
        }
        worker.activity = .applying
        // A step is applied whole or not at all, whatever happens meanwhile.
        after(random(0...1)) { self.on(worker) { self.apply(worker, sum) } }
    }

    private func apply(_ worker: SimulatedWorker, _ sum: UInt64) {
        guard worker.activity == .applying, let view = worker.view else { return }
        let step = training.position(worker.rounds).completedSteps
        let wasValidation = training.isValidation(worker.rounds)
        worker.state = SimulatedTraining.next(worker.state, sum)
        worker.rounds += 1
        note("\(worker.name) has \(worker.rounds) rounds")
        checkState(of: worker)
        // Who is slower may still ask for this round's part; learners may be far behind.
        let kept: UInt64 = view.members.count > view.ownerCount ? 200 : 1
        worker.frames = worker.frames.filter { $0.key.rank != worker.rank || $0.key.round + kept >= worker.rounds }
            .filter { $0.key.rank == worker.rank || $0.key.round >= worker.rounds }
        let time = worker.clock.local(now)
        if worker.rank == 0, !wasValidation {
            perform(worker.machine.stepReduced(ReducedStep(digest: step &* 17), at: step, now: time), of: worker)
        }
        tellProgress(worker, .waiting)
        if wasValidation {
            report(UInt64(training.position(worker.rounds).completedEpochs), of: worker, hasState: true)
        }
        worker.activity = .waiting
        if worker.quiescesAfterApplying {
            worker.quiescesAfterApplying = false
            standStill(worker)
        } else {
            computeOn(worker)
        }
    }

    private func finish(_ worker: SimulatedWorker, isComplete: Bool) {
        worker.activity = .finished
        if worker.rank == 0, !isComplete { serialize(worker, .stop) }
        report(
            .finished(
                completedSteps: training.position(worker.rounds).completedSteps, stateDigest: digest(worker),
                isComplete: isComplete), worker)
    }

    // MARK: A new view

    /// Ends what runs, but not a step that is being applied.
    func quiesce(_ worker: SimulatedWorker) {
        worker.task += 1
        if worker.activity == .applying {
            worker.quiescesAfterApplying = true
        } else {
            standStill(worker)
        }
    }

    private func standStill(_ worker: SimulatedWorker) {
        worker.activity = .standing
        later(worker, random(0...2)) {
            self.report(.quiesced(self.training.position(worker.rounds), stateDigest: self.digest(worker)), worker)
        }
    }
}
