@testable import Coordination

/// Messages between processes.
extension SimulatedCluster {
    func transmit(from: Int, to: Int, _ deliver: @escaping () -> Void) {
        for time in network.arrivals(from: from, to: to, now: now, &generator) {
            at(time) {
                if !self.network.isCut(from: from, to: to) { deliver() }
            }
        }
    }

    /// The routing identifier of a worker at a coordinator's socket: it changes with either process and with each new
    /// connection.
    func connection(of worker: SimulatedWorker, _ process: SimulatedCoordinator) -> ConnectionIdentifier {
        ConnectionIdentifier([
            UInt8(truncatingIfNeeded: process.term), UInt8(worker.slot), UInt8(truncatingIfNeeded: worker.incarnation),
            UInt8(truncatingIfNeeded: worker.incarnation >> 8), UInt8(truncatingIfNeeded: worker.connectionCount),
        ])
    }

    func worker(of connection: ConnectionIdentifier, _ process: SimulatedCoordinator) -> SimulatedWorker? {
        guard connection.bytes.count == 5, Int(connection.bytes[1]) < workers.count else { return nil }
        let worker = workers[Int(connection.bytes[1])]
        return self.connection(of: worker, process) == connection ? worker : nil
    }

    /// To the coordinator that runs now; a message that is sent while none runs is lost.
    func sendToCoordinator(_ message: WorkerMessage, from worker: SimulatedWorker) {
        for said in liars[worker.slot]?.messages(insteadOf: message) ?? [message] { transmit(said, from: worker) }
    }

    private func transmit(_ message: WorkerMessage, from worker: SimulatedWorker) {
        let process = coordinator
        let connection = connection(of: worker, process)
        guard process.isHere else { return }
        transmit(from: worker.slot, to: SimulatedNetwork.coordinator) {
            self.on(process) {
                let message =
                    self.options.safeguards.checksMessageGenerations
                    ? message : message.claiming(process.machine.membership.generation)
                self.noteMessage(message.summary, from: worker.name, to: process.name)
                self.perform(
                    process.machine.received(message, from: connection, now: process.clock.local(self.now)),
                    of: process)
            }
        }
    }

    /// The worker's connection to the coordinator breaks; the worker may notice it, and it is made anew.
    func reconnect(_ worker: SimulatedWorker) {
        guard worker.isHere else { return }
        note("\(worker.name)'s connection breaks")
        worker.connectionCount += 1
        if chance(80) {
            after(random(1...20)) {
                self.on(worker) {
                    self.perform(worker.machine.coordinatorLost(now: worker.clock.local(self.now)), of: worker)
                }
            }
        }
    }
}

extension WorkerMessage {
    /// The same message in the name of another generation.
    func claiming(_ generation: UInt64) -> WorkerMessage {
        switch self {
        case .progress(var progress):
            progress.generation = generation
            return .progress(progress)
        case .ready(var ready):
            ready.generation = generation
            return .ready(ready)
        case .linked(var linked):
            linked.generation = generation
            return .linked(linked)
        case .done(var done):
            done.generation = generation
            return .done(done)
        case .reducedSteps(var reduced):
            reduced.generation = generation
            return .reducedSteps(reduced)
        default: return self
        }
    }

    /// A short text for a history.
    var summary: String {
        switch self {
        case .progress(let progress):
            "progress(generation \(progress.generation), \(progress.completedSteps) steps, \(progress.phase))"
        case .hello(let hello): "hello(\(hello.attachment.map { "generation \($0.generation)" } ?? "new"))"
        case .stateChunk(let chunk): "stateChunk(\(chunk.name) at \(chunk.offset))"
        case .epochEnded(let ended): "epochEnded(\(ended.epoch))"
        case .ready(let ready): "ready(generation \(ready.generation), \(ready.position.rounds) rounds)"
        default: "\(self)"
        }
    }
}

extension CoordinatorMessage {
    var summary: String {
        switch self {
        case .contentChunk(let chunk): "contentChunk(\(chunk.chunk))"
        case .welcome(let welcome): "welcome(identifier \(welcome.workerIdentifier))"
        case .view(let view): "view(\(view.summary))"
        case .grant(let grant): "grant(generation \(grant.generation), \(grant.stepLimit) steps)"
        default: "\(self)"
        }
    }
}

extension View {
    var summary: String {
        let members = members.map { "\($0.name): \($0.microBatches.count)\($0.needsState ? " needs state" : "")" }
        return
            "generation \(generation) from \(position.rounds) rounds of \(holder), \(members.joined(separator: ", "))"
    }
}
