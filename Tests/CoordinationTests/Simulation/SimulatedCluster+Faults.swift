import Core

@testable import Coordination

/// Processes that die and are started again, as by their supervisor or by a user on another host.
extension SimulatedCluster {
    @discardableResult
    func addWorker(_ slot: Int, adjust: (inout Hello) -> Void = { _ in }) -> SimulatedWorker {
        incarnations += 1
        let isRemote = options.remoteSlots.contains(slot)
        let address = "inbox \(slot).\(incarnations)"
        var hello = Hello(
            name: "worker-\(slot)", nonce: ProcessNonce(high: 0, low: UInt64(incarnations)),
            host: isRemote ? "there-\(slot)" : "here",
            hostIdentifier: HostIdentifier(high: 0, low: UInt64(slot % options.hostCount)),
            processSpace: isRemote ? ProcessSpace(high: 1, low: UInt64(slot)) : SimulatedWorker.localSpace,
            processIdentifier: Int32(1000 + incarnations), build: "test", arithmeticVersion: 3, instructionSet: "avx2",
            dataDigests: [], inboxAddress: address, threadCount: 1)
        adjust(&hello)
        let worker = SimulatedWorker(
            slot: slot, incarnation: incarnations, hello: hello, isRemote: isRemote,
            clock: options.hasClockSkew ? Self.clock(&generator) : SimulatedClock(),
            stepMilliseconds: options.stepMilliseconds, now: now)
        worker.hasData = !options.slotsWithoutData.contains(slot)
        inboxes[address] = worker
        if slot < workers.count { workers[slot] = worker } else { workers.append(worker) }
        return worker
    }

    /// Another worker joins, or one returns.
    func join(_ slot: Int) {
        guard outcome == nil, slot >= workers.count || !workers[slot].isHere else { return }
        let worker = addWorker(min(slot, workers.count))
        note("\(worker.name) starts as process \(worker.hello.processIdentifier)")
        if !worker.isRemote {
            onCoordinator { $0.machine.childStarted(processIdentifier: worker.hello.processIdentifier) }
        }
        start(worker)
    }

    /// A worker's process dies unnoticed, and another one starts with the same name, host and process identifier.
    func restartInPlace(_ worker: SimulatedWorker) {
        worker.isDead = true
        start(addWorker(worker.slot) { $0.processIdentifier = worker.hello.processIdentifier })
    }

    func onCoordinator(_ body: @escaping (SimulatedCoordinator) -> Void) {
        let process = coordinator
        on(process) { body(process) }
    }

    // MARK: Workers

    /// SIGKILL, or a host that is gone.
    func kill(_ worker: SimulatedWorker) {
        guard worker.isHere else { return }
        note("\(worker.name) is killed")
        worker.isDead = true
        ended(worker, .signalled(.kill))
    }

    func exited(_ worker: SimulatedWorker, _ code: Int32, _ reason: String) {
        note("\(worker.name) exits with \(code): \(reason)")
        worker.exit = (code, reason)
        exits.append((worker.name, code, reason))
        fingerprint.add(worker.incarnation)
        fingerprint.add(Int(code))
        if options.workersAreSound {
            let isRight = [
                ProcessExitCode.success, ProcessExitCode.requeue, ProcessExitCode.inputOutput,
                ProcessExitCode.signal(15),
            ].contains(code)
            let isLate = reason.contains("the run is ending")
            check(isRight || isLate || outcome != nil, "\(worker.name) exits with \(code): \(reason)")
        }
        ended(worker, .exited(code: code))
    }

    func terminate(_ identifier: Int32) {
        terminated.append(identifier)
        if let worker = workers.first(where: { $0.hello.processIdentifier == identifier }) { kill(worker) }
    }

    /// A process's parent sees its end at once, peers soon.
    private func ended(_ worker: SimulatedWorker, _ status: ChildStatus) {
        if !worker.isRemote { tellCoordinator(ofEnd: worker, status) }
        for peer in workers where peer.isHere && chance(70) {
            guard let rank = peer.peers.firstIndex(where: { $0 === worker }) else { continue }
            let generation = peer.view?.generation
            after(random(1...20)) {
                self.on(peer) { if peer.view?.generation == generation { self.lose(rank, peer) } }
            }
        }
        // On another host a user restarts a worker that left while the run is not over.
        if case .exited(0) = status, !worker.isRemote { return }
        guard options.restarts else { return }
        after(worker.isRemote ? random(100...3000) : 100) {
            if self.outcome == nil, self.workers[worker.slot] === worker { self.join(worker.slot) }
        }
    }

    private func tellCoordinator(ofEnd worker: SimulatedWorker, _ status: ChildStatus) {
        after(1) {
            self.onCoordinator { process in
                self.perform(
                    process.machine.childEnded(
                        processIdentifier: worker.hello.processIdentifier, status: status,
                        now: process.clock.local(self.now)), of: process)
            }
        }
    }

    /// SIGSTOP: the supervisor reports a child that was stopped, and kills it.
    func stop(_ worker: SimulatedWorker) {
        guard worker.isHere, !worker.isRemote else { return }
        pause(worker, for: 1_000_000)
        let identifier = worker.hello.processIdentifier
        after(1) {
            self.onCoordinator { process in
                self.perform(
                    process.machine.childStopped(processIdentifier: identifier, now: process.clock.local(self.now)),
                    of: process)
            }
            if self.options.restarts { self.kill(worker) }
        }
    }

    // MARK: The coordinator

    /// SIGKILL; with `losesPower` what was not synced is lost too. The supervisor starts a successor.
    func kill(_ process: SimulatedCoordinator, losesPower: Bool = false) {
        guard process.isHere else { return }
        note("the coordinator \(losesPower ? "loses power" : "is killed")")
        process.isDead = true
        if losesPower { disk.losePower(&generator) }
        guard options.restarts else { return }
        after(100) { self.startSuccessor() }
    }

    func startSuccessor() {
        guard !coordinator.isHere, outcome == nil else { return }
        let children = workers.filter { $0.isHere && !$0.isRemote }.map(\.hello.processIdentifier)
        let configuration = Self.configuration(options, disk: disk, training: training, children: children, adjust)
        disk.term = configuration.term
        // The rows are those of the state that the run is taken up from.
        disk.rows = (0..<UInt64(configuration.start.position.completedEpochs)).map { training.row($0 + 1) }
        let clock = options.hasClockSkew ? Self.clock(&generator) : SimulatedClock()
        do {
            coordinator = try SimulatedCoordinator(
                configuration, clock: clock, startBytes: disk.last?.bytes, now: now)
        } catch {
            return violate("a successor cannot start: \(error)")
        }
        if case .state(_, let position) = configuration.start, position.rounds == training.roundCount {
            // Nothing is left to train: no worker attaches to it.
            coordinator.isOver = true
            return runEnded(
                .completed(completedSteps: training.stepCount, stateDigest: lastDigest))
        }
        note("coordinator \(configuration.term) starts after \(configuration.start.position.completedSteps) steps")
        adjustSuccessor?(coordinator)
        adjustSuccessor = nil
        startTicking(coordinator)
        // A worker that left on request has joined again.
        for worker in workers where worker.exit?.code == 0 { join(worker.slot) }
        for worker in workers where worker.isHere && (!worker.isRemote || chance(50)) {
            after(random(1...5)) {
                self.on(worker) {
                    self.perform(worker.machine.coordinatorLost(now: worker.clock.local(self.now)), of: worker)
                }
            }
        }
    }

    /// The coordinator ended the run, or this attempt of it.
    func runEnded(_ outcome: Outcome) {
        outcomes.append(outcome)
        let isOver: Bool
        switch outcome.exitCode {
        case ProcessExitCode.requeue: isOver = !options.restarts
        case ProcessExitCode.success: isOver = true
        // The user starts everything anew, after making room where that was missing.
        case 128..., ProcessExitCode.inputOutput: isOver = !options.resumes
        default: isOver = true
        }
        if isOver { return self.outcome = outcome }
        if outcome.exitCode != ProcessExitCode.requeue {
            for worker in workers { kill(worker) }
        }
        after(100) {
            self.startSuccessor()
            for slot in self.workers.indices { self.join(slot) }
        }
    }
}
