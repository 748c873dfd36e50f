import CPlatform
package import Coordination
import Core
import Experiments
import Faults
import Glibc
import NeuralNetwork
import Runs
import Training
import Transport

/// A coordinator process: it runs the coordinator's machine over a ROUTER socket, files and the supervisor's pipe.
///
/// One thread does all work. It never computes, so heartbeats are answered at once.
package final class CoordinatorProcess {
    let settings: CoordinatorSettings
    let observer: any CoordinatorObserver
    var run: PreparedRun
    let recorder: RunRecorder
    let reexecutor: GradientReexecutor
    let contents: ServedContent
    private let socket: ZeroMQSocket
    /// The keys that the socket admits; nil without keys.
    private let admittedKeys: AdmittedKeys?
    private let signals: SignalDescriptor
    private var pipe = SupervisorPipe()
    private var earlyNews: [String] = []
    /// How the coordinator before this one ended, as the supervisor reported.
    private(set) var predecessor: CoordinatorLoss?
    private let poller: Poller
    var outcome: Outcome?
    var workerCount = 0
    var generation: UInt64 = 0
    /// Where this coordinator's first view began.
    var firstPosition: Position?
    /// Steps that rank 0 has reported.
    var completedSteps: UInt64 = 0
    /// Injects the planned faults of this process; nil without a plan.
    let faults: FaultInjector?

    /// Checks and prepares the run and listens; training starts with `train`. Throws typed errors of the modules below.
    package init(_ settings: CoordinatorSettings, observer: any CoordinatorObserver) throws {
        let endpoint = try Endpoint(parsing: settings.listenAddress)
        try endpoint.checkAccess(hasKeys: settings.keys != nil, isInsecure: settings.isInsecure)
        self.settings = settings
        self.observer = observer
        selvedge_raise_descriptor_limit()
        UnreadBytes.limit(toByteCount: UnreadBytes.smallLimit)
        // Without a supervisor SIGHUP may have to be ignored, as by nohup.
        signals = try SignalDescriptor(signals: [SIGINT, SIGTERM] + (settings.isSupervised ? [SIGHUP] : []))
        var options = SocketOptions()
        admittedKeys = try settings.keys.map { try AdmittedKeys($0, file: settings.keyFile) }
        if let keys = settings.keys, let admittedKeys { options.security = .listening(keys.pair, admittedKeys.list) }
        socket = try ZeroMQSocket(try ZeroMQContext(), .router, options: options)
        if settings.isSupervised && SupervisorPipe.isHungUp { throw ClusterError.supervisorGone }
        faults = try FaultEnvironment.injector(for: .coordinator, settings.environment)
        let files = FileOperations(interceptor: faults?.fileInterceptor)
        // The address of a run belongs to the holder of its lock.
        let resumed = try PreparedRun.resumedDirectory(settings, files: files)
        let bound = try socket.bind(endpoint)
        run = try PreparedRun(settings, resumed: resumed, files: files)
        completedSteps = UInt64(run.completedSteps)
        if let file = settings.announcementFile { try RunAnnouncement.write(run: run.directory.path, to: file) }
        recorder = try RunRecorder(run)
        reexecutor = try GradientReexecutor(run, environment: settings.environment)
        contents = ServedContent(run)
        poller = Poller(capacity: 4)
        poller.add(socket)
        poller.add(descriptor: signals.descriptor)
        poller.add(reexecutor.results.event)
        if settings.isSupervised { poller.add(descriptor: pipe.descriptor) }
        observer.prepared(run, listeningOn: bound.description)
        if settings.isInsecure {
            observer.noted(
                "--insecure: every process that reaches \(bound) can join, read the data and change the result",
                isWarning: true)
        }
        for warning in run.warnings { observer.noted("ignored \(warning)", isWarning: true) }
    }

    /// The run that is trained, with its rows so far.
    package var preparedRun: PreparedRun { run }

    /// Coordinates the workers until training ends.
    package func train() throws -> Outcome {
        if run.isComplete, case .state(let digest) = contents.state?.identifier {
            if !settings.isSuccessor {
                observer.noted("every step of this run is complete: continue with a larger --epochs", isWarning: false)
            }
            return .completed(completedSteps: UInt64(run.completedSteps), stateDigest: digest)
        }
        var machine = try CoordinatorMachine(
            configuration: machineConfiguration(children: try childrenOfSupervisor()), now: now)
        reach(.gathering)
        take(earlyNews, &machine)
        while true {
            if let outcome {
                try recorder.finishRows()
                return outcome
            }
            _ = try poller.wait(until: Deadline(afterMilliseconds: 25))
            try receive(&machine)
            while let signal = signals.next() { perform(machine.interrupt(signal: signal, now: now), &machine) }
            if settings.isSupervised && poller.isReady(3) { try takeNews(&machine) }
            for result in reexecutor.results.takeAll() {
                perform(
                    machine.gradientReexecuted(generation: result.generation, digest: result.digest, now: now),
                    &machine)
            }
            perform(machine.tick(now: now), &machine)
            takeKeyChanges(&machine)
            try recorder.retryRows()
        }
    }

    func reach(_ point: Failpoint) {
        faults?.reach(point, step: completedSteps)
    }

    var now: UInt64 { MonotonicTime.now.milliseconds }

    /// Messages are received for at most this long before heartbeats are sent and signals are taken.
    private static let receiveMilliseconds: UInt64 = 25

    private func receive(_ machine: inout CoordinatorMachine) throws {
        let latest = now + Self.receiveMilliseconds
        while outcome == nil, now < latest, let (frames, sender) = try socket.receiveMessage() {
            guard frames.count == 2, let message = ControlFrame.opened(frames[1]) else { continue }
            guard admittedKeys?.admits(sender) ?? true else { continue }
            let connection = ConnectionIdentifier(frames[0], key: sender)
            perform(machine.received(message, from: connection, now: now), &machine)
        }
    }

    /// Evicts workers whose keys were taken out of the key file, and logs who was refused.
    private func takeKeyChanges(_ machine: inout CoordinatorMachine) {
        guard let admittedKeys else { return }
        let (admitted, note) = admittedKeys.takeChange()
        if let note { log(LogEntry(level: admitted == nil ? .warning : .notice, text: note)) }
        if let admitted { perform(machine.admitOnly(admitted, now: now), &machine) }
        if let report = admittedKeys.takeRefusalReport() { log(LogEntry(level: .warning, text: report)) }
    }

    /// Sends to one worker; false when the socket does not take the message. The machine notices the worker by its silence.
    @discardableResult
    func send(
        _ message: CoordinatorMessage, from sender: CoordinatorIdentity, to connection: ConnectionIdentifier
    ) -> Bool {
        let envelope = CoordinatorEnvelope(sender: sender, message: message)
        return (try? socket.send(frames: [connection.bytes, ControlFrame.sealed(envelope.encoded())])) ?? false
    }

    // MARK: The supervisor

    /// The process identifiers of this host's workers, which the supervisor sends first.
    ///
    /// News that follow at once are kept: a worker may end while this process still prepares.
    private func childrenOfSupervisor() throws -> [Int32] {
        guard settings.isSupervised else { return [] }
        while !pipe.hasEnded {
            var lines = pipe.readLines()[...]
            while let line = lines.popFirst() {
                switch SupervisorNews(line) {
                case .predecessor(let loss):
                    predecessor = loss
                    // The supervisor has shown it to the user.
                    _ = recorder.log(LogEntry(level: .warning, text: loss.reason))
                case .children(let identifiers):
                    earlyNews = Array(lines)
                    return identifiers
                default: continue
                }
            }
        }
        throw ClusterError.supervisorGone
    }

    private func takeNews(_ machine: inout CoordinatorMachine) throws {
        take(pipe.readLines(), &machine)
        // The workers end by themselves, because their pipes close too.
        if pipe.hasEnded { throw ClusterError.supervisorGone }
    }

    private func take(_ lines: [String], _ machine: inout CoordinatorMachine) {
        for line in lines {
            switch SupervisorNews(line) {
            case .ended(let identifier, let status):
                perform(machine.childEnded(processIdentifier: identifier, status: status, now: now), &machine)
            case .stopped(let identifier):
                perform(machine.childStopped(processIdentifier: identifier, now: now), &machine)
            case .started(let identifier): machine.childStarted(processIdentifier: identifier)
            case .children, .predecessor, .successor, nil: break
            }
        }
    }
}

extension CoordinatorProcess {
    /// Performs actions in their order. The machine receives the result of a file operation, and its further actions follow.
    func perform(_ actions: [CoordinatorAction], _ machine: inout CoordinatorMachine) {
        for action in actions where outcome == nil {
            switch action {
            case .send(let message, let connection):
                if faults != nil { reachPoint(of: message) }
                send(message, from: machine.identity, to: connection)
            case .sendContent(let identifier, let chunks, let connection):
                // A worker that does not read requests the chunks again.
                for message in contents.chunks(chunks, of: identifier) {
                    guard send(message, from: machine.identity, to: connection) else { break }
                }
            case .recordEpoch(let epoch): record(epoch)
            case .writeCheckpoint(let request):
                reach(.checkpointWrite)
                let failure = recorder.write(request)
                if failure == nil {
                    reach(.checkpointWritten)
                    faults?.flip(checkpoint: run.directory.paths.last)
                }
                if failure == nil, request.destinations.contains(.diverged) {
                    observer.noted("the state before that step is in \(run.directory.paths.failed)", isWarning: false)
                }
                perform(
                    machine.checkpointWritten(identifier: request.identifier, failure: failure, now: now), &machine)
            case .journal(let event): journal(event)
            case .reexecuteGradient(let question): reexecutor.reexecute(question)
            case .compareStates(let left, let right):
                let tensors = StateComparison.differentTensors(left, right)
                perform(machine.statesCompared(tensors: tensors, now: now), &machine)
            case .log(let entry): log(entry)
            case .recordRecovery(let recovery): recorder.record(recovery)
            case .showProgress(let progress): show(progress)
            case .terminate(let processIdentifier): kill(processIdentifier, SIGKILL)
            case .finish(let result): outcome = result
            }
        }
    }

    private func record(_ epoch: EpochRecord) {
        guard let row = try? EpochRow(jsonLine: String(decoding: epoch.row, as: UTF8.self)) else {
            return observer.noted("the row of an epoch cannot be read and is not recorded", isWarning: true)
        }
        completedSteps = max(completedSteps, epoch.completedSteps)
        reach(.epochBefore)
        run.rows.append(row)
        recorder.record(rows: run.rows)
        var timing: EpochTiming?
        if isTimed(epoch) {
            timing = recorder.recordTiming(
                epoch: row.epoch, sampleCount: run.schedule.sampleCount, workerCount: workerCount,
                generation: generation)
        }
        if let failure = recorder.takeFailure() { observer.noted(failure, isWarning: true) }
        reach(.epochAfter)
        observer.recorded(row, timing: timing)
    }

    /// Whether an epoch ended under this coordinator, not under its predecessor.
    private func isTimed(_ epoch: EpochRecord) -> Bool {
        firstPosition.map { epoch.epoch > $0.completedEpochs } ?? false
    }

    private func journal(_ event: RunEvent) {
        if case .view(let view) = event {
            if firstPosition == nil {
                firstPosition = view.position
                recorder.startEpochClock(doneSampleCount: doneSampleCount(of: view.position))
            }
            workerCount = view.ownerCount
            generation = view.generation
        }
        recorder.record(event)
        if case .view = event { reach(.view) } else { reach(.journal) }
    }

    /// Samples of the running epoch that were trained on before a position.
    private func doneSampleCount(of position: Position) -> Int {
        let stepsPerEpoch = UInt64(run.schedule.stepsPerEpoch)
        let (epochs, step) = position.completedSteps.quotientAndRemainder(dividingBy: stepsPerEpoch)
        // All steps of the epoch are done when only its validation is left.
        guard epochs == position.completedEpochs else { return run.schedule.sampleCount }
        return run.schedule.batch(ofStep: Int(step)).lowerBound
    }

    /// The failpoint before a message is sent.
    private func reachPoint(of message: CoordinatorMessage) {
        switch message {
        case .grant, .stop: reach(.grant)
        case .reconfigure: reach(.reconfigure)
        case .end, .abort: reach(.ending)
        default: break
        }
    }

    private func log(_ entry: LogEntry) {
        for entry in recorder.log(entry) where entry.level != .detail {
            observer.noted(entry.text, isWarning: entry.level != .notice)
        }
    }

    private func show(_ progress: Progress) {
        completedSteps = max(completedSteps, progress.completedSteps)
        guard let measures = progress.measures else { return }
        let stepsPerEpoch = run.schedule.stepsPerEpoch
        let step = Int(clamping: progress.completedSteps) - (Int(measures.epoch) - 1) * stepsPerEpoch
        observer.progressed(
            EpochProgress(
                epoch: Int(measures.epoch), step: max(0, min(step, stepsPerEpoch)), stepsPerEpoch: stepsPerEpoch,
                loss: measures.loss, accuracy: measures.accuracy, imagesPerSecond: measures.samplesPerSecond,
                workerCount: workerCount))
    }

    /// What workers may report of this run.
    private var bounds: RunBounds {
        RunBounds(
            stepsPerEpoch: UInt64(run.schedule.stepsPerEpoch), epochCount: UInt32(run.experiment.epochs),
            stateByteLimit: UInt64(ReplicatedState.byteLimit(model: run.model, experiment: run.experiment)))
    }

    /// The machine's configuration, from the prepared run.
    func machineConfiguration(children: [Int32]) throws -> CoordinatorConfiguration {
        let leadership = try recorder.takeLead()
        var configuration = CoordinatorConfiguration(
            job: leadership.job,
            experiment: run.experiment.canonicalForm,
            experimentDigest: run.experiment.digest,
            arithmeticVersion: UInt32(Arithmetic.version), microBatchCount: run.experiment.microBatchCount,
            bounds: bounds, workerCount: settings.workerCount, processSpace: .current, data: [contents.data])
        configuration.childProcessIdentifiers = children
        configuration.predecessor = predecessor
        configuration.predecessorRecordMilliseconds = recorder.predecessorRecordMilliseconds
        configuration.term = leadership.term
        configuration.lastGeneration = leadership.lastGeneration
        configuration.settings = settings.runSettings
        configuration.ownerLimit = settings.workerLimit ?? run.experiment.microBatchCount
        if let state = contents.state {
            configuration.start = .state(
                state,
                Position(
                    rounds: UInt64(run.startProgress.round), completedSteps: UInt64(run.completedSteps),
                    completedEpochs: UInt32(run.startProgress.rows.count)))
        }
        return configuration
    }
}
