import CPlatform
package import Coordination
import Core
import Datasets
import Experiments
import Faults
import Foundation
import Glibc
import NeuralNetwork
import Runs
import Training
import Transport

/// A coordinator process: it runs the coordinator's machine over a ROUTER socket, files and the supervisor's pipe.
///
/// One thread answers workers and runs the machine. It never computes, loads no data and writes no file: a `RunWriter`
/// writes, and the machine receives the results as events.
package final class CoordinatorProcess {
    let settings: CoordinatorSettings
    let observer: any CoordinatorObserver
    private(set) var run: PreparedRun
    private var writer: RunWriter
    private var leadership: Leadership
    private let reexecutor: GradientReexecutor
    private var contents: ServedContent
    private let socket: ZeroMQSocket
    /// The keys that the socket admits; nil without keys.
    private let admittedKeys: AdmittedKeys?
    private let signals: SignalDescriptor
    private var pipe = SupervisorPipe()
    /// Lines of the supervisor that arrived before they could be used.
    private var earlyNews: [String]
    /// A signal that arrived before the machine existed.
    private let earlySignal: Int32?
    /// How the coordinator before this one ended, as the supervisor reported.
    private(set) var predecessor: CoordinatorLoss?
    private let poller = Poller(capacity: 5)
    /// Continuations from a checkpoint that completed no step.
    private var attemptsWithoutProgress = 0
    private var stepsAtLastAttempt: UInt64 = 0
    private static let attemptLimit = 3
    /// Connections that were found closed when something was to be sent.
    private var closedConnections: Set<ConnectionIdentifier> = []
    private var logRate = LogRate(now: MonotonicTime.now.milliseconds)
    private var links = WorkerLinks(now: MonotonicTime.now.milliseconds)
    private var admissionWatch: AdmissionWatch
    var outcome: Outcome?
    var workerCount = 0
    var generation: UInt64 = 0
    /// Where this coordinator's first view began.
    var firstPosition: Position?
    private var clock: EpochClock?
    private var validation = ValidationSum()
    private var statusReports: StatusReports
    private var service: ServiceNotifier
    /// Read before training: the thread that answers workers reads no file.
    private let program = ProgramIdentity.current
    /// Steps that rank 0 has reported.
    var completedSteps: UInt64 = 0
    /// Injects the planned faults of this process; nil without a plan.
    let faults: FaultInjector?

    /// Checks and prepares the run and listens; training starts with `train`. Throws typed errors of the modules below.
    package init(_ settings: CoordinatorSettings, observer: any CoordinatorObserver) throws {
        let named = try Endpoint(parsing: settings.listenAddress)
        try named.checkAccess(hasKeys: settings.keys != nil, isInsecure: settings.isInsecure)
        let endpoint = try NetworkAddresses.listening(at: named, hasKeys: settings.keys != nil)
        self.settings = settings
        self.observer = observer
        selvedge_raise_descriptor_limit()
        UnreadBytes.limit(toByteCount: UnreadBytes.controlLimit)
        signals = try SignalDescriptor(signals: StopSignals.forProcess(isSupervised: settings.isSupervised))
        var options = SocketOptions()
        admittedKeys = try settings.keys.map { try AdmittedKeys($0, file: settings.keyFile) }
        if let keys = settings.keys, let admittedKeys { options.security = .listening(keys.pair, admittedKeys.list) }
        socket = try ZeroMQSocket(try ZeroMQContext(), .router, options: options)
        admissionWatch = AdmissionWatch(of: socket)
        if settings.isSupervised && SupervisorPipe.isHungUp { throw ClusterError.supervisorGone }
        let injector = try FaultEnvironment.injector(for: .coordinator, settings.environment)
        faults = injector
        let files = FileOperations(interceptor: injector?.fileInterceptor)
        // The address of a run belongs to the holder of its lock.
        let resumed = try PreparedRun.resumedDirectory(settings, files: files)
        let bound = try socket.bind(endpoint)
        var reception = Reception(settings, socket: socket, admittedKeys: admittedKeys, signals: signals)
        let led = try reception.wait(with: &pipe, observer: observer) {
            let run = try PreparedRun(settings, resumed: resumed, files: files)
            if let file = settings.announcementFile { try RunAnnouncement.write(run: run.directory.path, to: file) }
            return try LedRun(run, faults: injector)
        }
        (run, writer, leadership) = (led.run, led.writer, led.leadership)
        (earlyNews, earlySignal) = (reception.news, reception.stopSignal)
        completedSteps = UInt64(run.completedSteps)
        reexecutor = try GradientReexecutor(run, environment: settings.environment)
        contents = ServedContent(run)
        statusReports = StatusReports(run, usesMemory: settings.runSettings.transport != .zeromq)
        service = ServiceNotifier(
            environment: settings.environment, isSupervised: settings.isSupervised,
            now: MonotonicTime.now.milliseconds)
        watch()
        observer.prepared(run, listeningOn: bound.description)
        service.started()
        if settings.isInsecure {
            observer.noted(
                "--insecure: every process that reaches \(bound) can join, read the data and change the result",
                isWarning: true)
        }
        for warning in run.warnings { observer.noted("ignored \(warning)", isWarning: true) }
    }

    private func watch() {
        poller.remove(from: 0)
        poller.add(socket)
        poller.add(descriptor: signals.descriptor)
        poller.add(reexecutor.results.event)
        poller.add(writer.events.event)
        if settings.isSupervised { poller.add(descriptor: pipe.descriptor) }
    }

    /// The run that is trained, with its rows so far.
    package var preparedRun: PreparedRun { run }

    /// Coordinates the workers until training ends.
    package func train() throws -> Outcome {
        if run.isComplete, case .state(let digest) = contents.state?.identifier {
            if !settings.isSuccessor {
                observer.noted("every step of this run is complete: continue with a larger --epochs", isWarning: false)
            }
            try Dismissal(socket: socket, admittedKeys: admittedKeys, signals: signals).dismiss(settings.rankCount ?? 0)
            return .completed(completedSteps: UInt64(run.completedSteps), stateDigest: digest)
        }
        var ending = try lead(machineConfiguration(children: try childrenOfSupervisor()))
        while case .failed(let failure) = ending, failure.hasLostAllWorkers, try continueFromCheckpoint() {
            var configuration = try machineConfiguration(children: [])
            configuration.workerCount = settings.runSettings.minimumWorkerCount
            configuration.settings.gatherSeconds = settings.waitForWorkersSeconds
            let next = try lead(configuration)
            // No other worker came.
            if case .failed(let second) = next, case .gatheringTimedOut = second.cause { break }
            ending = next
        }
        return ending
    }

    /// Prepares to continue from the last checkpoint with other workers. Returns whether the settings allow it.
    private func continueFromCheckpoint() throws -> Bool {
        guard settings.waitForWorkersSeconds > 0, !settings.isSupervised else { return false }
        attemptsWithoutProgress = completedSteps > stepsAtLastAttempt ? 0 : attemptsWithoutProgress + 1
        stepsAtLastAttempt = completedSteps
        guard attemptsWithoutProgress < Self.attemptLimit else { return false }
        var reception = Reception(settings, socket: socket, admittedKeys: admittedKeys, signals: signals)
        let led = try reception.wait(with: &pipe, observer: observer) { [run, faults] in
            try LedRun(run.continuedFromCheckpoint(), faults: faults)
        }
        (run, writer, leadership) = (led.run, led.writer, led.leadership)
        contents = ServedContent(run)
        (outcome, firstPosition, clock) = (nil, nil, nil)
        watch()
        observer.noted(
            "no worker is left: waiting up to \(settings.waitForWorkersSeconds) s for others, which continue after step "
                + "\(run.completedSteps)", isWarning: false)
        return true
    }

    /// Leads the workers with one term until training ends.
    private func lead(_ configuration: CoordinatorConfiguration) throws -> Outcome {
        var machine = try CoordinatorMachine(configuration: configuration, now: now)
        reach(.gathering)
        take(earlyNews, &machine)
        earlyNews = []
        if let earlySignal { perform(machine.stop(signal: earlySignal, now: now), &machine) }
        while true {
            if let outcome {
                var isFailed = false
                if case .failed = outcome { isFailed = true }
                if let omission = logRate.takeOmission() { write(.log(omission, at: Date())) }
                report(machine.status(now: now), outcome: outcome)
                try writer.finish(retriesRows: !isFailed)
                for event in writer.events.takeAll() { take(event, &machine) }
                return outcome
            }
            _ = try poller.wait(until: Deadline(afterMilliseconds: 25))
            try receive(&machine)
            while let signal = signals.next() { perform(machine.interrupt(signal: signal, now: now), &machine) }
            if settings.isSupervised && poller.isReady(4) { try takeNews(&machine) }
            for result in reexecutor.results.takeAll() {
                perform(
                    machine.gradientReexecuted(generation: result.generation, digest: result.digest, now: now),
                    &machine)
            }
            perform(machine.linksMeasured(links.takeUses(now: now), now: now), &machine)
            perform(machine.tick(now: now), &machine)
            if statusReports.isDue(now: now) { report(machine.status(now: now)) }
            takeKeyChanges(&machine)
            for event in writer.events.takeAll() { take(event, &machine) }
            for connection in closedConnections { perform(machine.connectionClosed(connection, now: now), &machine) }
            closedConnections = []
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
            links.note(connection, descriptor: socket.lastConnectionDescriptor)
            perform(machine.received(message, from: connection, now: now), &machine)
        }
    }

    /// Evicts workers whose keys were taken out of the key file, and logs who was refused, and whether anyone can join.
    private func takeKeyChanges(_ machine: inout CoordinatorMachine) {
        guard let admittedKeys else { return }
        if let line = admissionWatch.takeChange(now: now) { log(LogEntry(level: .warning, text: line)) }
        let (admitted, note) = admittedKeys.takeChange()
        if let note { log(LogEntry(level: admitted == nil ? .warning : .notice, text: note)) }
        if let admitted { perform(machine.admitOnly(admitted, now: now), &machine) }
        if let report = admittedKeys.takeRefusalReport() { log(LogEntry(level: .warning, text: report)) }
    }

    /// Sends to one worker; false when the socket does not take the message. The machine notices the worker by its
    /// silence.
    @discardableResult
    func send(
        _ message: CoordinatorMessage, from sender: CoordinatorIdentity, to connection: ConnectionIdentifier
    ) -> Bool {
        let envelope = CoordinatorEnvelope(sender: sender, message: message)
        do {
            return try socket.send(frames: [connection.bytes, ControlFrame.sealed(envelope.encoded())])
        } catch .peerGone {
            closedConnections.insert(connection)
        } catch {}
        return false
    }

    // MARK: The supervisor

    /// The process identifiers of this host's workers, which the supervisor sends first.
    ///
    /// News that follow at once are kept: a worker may end while this process still prepares.
    private func childrenOfSupervisor() throws -> [Int32] {
        guard settings.isSupervised else { return [] }
        var lines = earlyNews[...]
        earlyNews = []
        while true {
            while let line = lines.popFirst() {
                switch SupervisorNews(line) {
                case .predecessor(let loss):
                    predecessor = loss
                    // The supervisor has shown it to the user.
                    log(LogEntry(level: .warning, text: loss.reason), isShown: false)
                case .children(let identifiers):
                    earlyNews = Array(lines)
                    return identifiers
                default: continue
                }
            }
            guard !pipe.hasEnded else { throw ClusterError.supervisorGone }
            lines = pipe.readLines()[...]
        }
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
            case .stop(let signal): perform(machine.stop(signal: signal.rawValue, now: now), &machine)
            case .children, .predecessor, .successor, nil: break
            }
        }
    }
}

extension CoordinatorProcess {
    /// Performs actions in their order. The machine receives the result of a file operation, and its further actions
    /// follow.
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
            case .writeCheckpoint(let request): write(.checkpoint(request))
            case .journal(let event): journal(event)
            case .reexecuteGradient(let question): reexecutor.reexecute(question)
            case .compareStates(let left, let right):
                let tensors = StateComparison.differentTensors(left, right)
                perform(machine.statesCompared(tensors: tensors, now: now), &machine)
            case .answer(let inquiry, let connection):
                let information = Information(answering: inquiry, program: program, data: contents.dataDigests)
                send(.information(information), from: machine.identity, to: connection)
            case .log(let entry): log(entry)
            case .recordRecovery(let recovery): write(.recovery(RecoveryTiming(recovery)))
            case .showProgress(let progress): show(progress)
            case .showSteps(let reduced): observer.reduced(reduced)
            case .showValidation(let counts, let worker):
                let sum = validation.add(counts, from: worker, ownerCount: workerCount)
                if let sum { write(.validation(ValidationMatrix(sum, classNames: run.trainingSet.classNames))) }
            case .terminate(let processIdentifier): kill(processIdentifier, SIGKILL)
            case .finish(let result): outcome = result
            }
        }
    }

    private func write(_ job: RunWriter.Job) {
        writer.post(job, step: completedSteps)
    }

    /// The result of a write.
    private func take(_ event: RunWriter.Event, _ machine: inout CoordinatorMachine) {
        switch event {
        case .rowsWritten(let row, let timing, let failure):
            if let failure { observer.noted(failure, isWarning: true) }
            observer.recorded(row, timing: timing)
        case _ where outcome != nil: break
        case .viewJournalled(let generation, let failure):
            perform(machine.viewJournalled(generation: generation, failure: failure, now: now), &machine)
        case .checkpointWritten(let request, let failure):
            if failure == nil { logCheckpoint(request) }
            if failure == nil, request.destinations.contains(.diverged) {
                observer.noted("the state before that step is in \(run.directory.paths.failed)", isWarning: false)
            }
            perform(machine.checkpointWritten(identifier: request.identifier, failure: failure, now: now), &machine)
        case .failed(let problem): perform(machine.filesFailed(problem, now: now), &machine)
        }
    }

    private func record(_ epoch: EpochRecord) {
        guard let row = try? EpochRow(jsonLine: String(decoding: epoch.row, as: UTF8.self)) else {
            return observer.noted("the row of an epoch cannot be read and is not recorded", isWarning: true)
        }
        completedSteps = max(completedSteps, epoch.completedSteps)
        run.rows.append(row)
        var timing: EpochTiming?
        if isTimed(epoch) {
            timing = clock?.endEpoch(
                row.epoch, sampleCount: run.schedule.sampleCount, workerCount: workerCount, generation: generation)
        }
        write(.rows(run.rows, timing))
    }

    /// Whether an epoch ended under this coordinator, not under its predecessor.
    private func isTimed(_ epoch: EpochRecord) -> Bool {
        firstPosition.map { epoch.epoch > $0.completedEpochs } ?? false
    }

    private func journal(_ event: RunEvent) {
        if case .view(let view) = event {
            if firstPosition == nil {
                firstPosition = view.position
                clock = EpochClock(doneSampleCount: doneSampleCount(of: view.position))
            }
            workerCount = view.ownerCount
            generation = view.generation
        }
        write(.journal(event))
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

    /// Logs a checkpoint of the end of an epoch: those within one may be many.
    private func logCheckpoint(_ request: CheckpointRequest) {
        let steps = request.name.completedSteps
        guard steps.isMultiple(of: UInt64(run.schedule.stepsPerEpoch)), !request.destinations.contains(.diverged)
        else { return }
        let best = request.destinations.contains(.best) ? ", the best so far," : ""
        log(
            LogEntry(
                level: .detail,
                text: "after step \(steps) a checkpoint\(best) of \(request.bytes.count) bytes was written"))
    }

    private func log(_ entry: LogEntry, isShown: Bool = true) {
        for entry in logRate.lines(for: entry, now: now) {
            write(.log(entry, at: Date()))
            guard isShown, entry.level != .detail || settings.showsDetails else { continue }
            observer.noted(entry.text, isWarning: entry.level == .warning || entry.level == .failure)
        }
    }

    private func show(_ progress: Coordination.Progress) {
        completedSteps = max(completedSteps, progress.completedSteps)
        guard let measures = progress.measures else { return }
        let stepsPerEpoch = run.schedule.stepsPerEpoch
        let step = Int(clamping: progress.completedSteps) - (Int(measures.epoch) - 1) * stepsPerEpoch
        let place = EpochProgress(
            epoch: Int(measures.epoch), step: max(0, min(step, stepsPerEpoch)), stepsPerEpoch: stepsPerEpoch,
            loss: measures.loss, accuracy: measures.accuracy, imagesPerSecond: measures.samplesPerSecond,
            workerCount: workerCount)
        statusReports.update(place)
        observer.progressed(place)
    }

    private func report(_ cluster: ClusterStatus, outcome: Outcome? = nil) {
        let status = statusReports.status(cluster, completedSteps: completedSteps, at: Date(), outcome: outcome)
        write(.status(status))
        if let outcome { return service.ends(outcome.description) }
        service.update(
            status: "\(status.phase): epoch \(status.epoch)/\(status.epochCount), step \(status.step)/"
                + "\(status.stepsPerEpoch), workers: \(status.workers.count)",
            progress: completedSteps &+ cluster.generation, isBusy: cluster.isTraining, now: now)
    }

    /// What workers may report of this run.
    private var bounds: RunBounds {
        RunBounds(
            stepsPerEpoch: UInt64(run.schedule.stepsPerEpoch), epochCount: UInt32(run.experiment.epochs),
            stateByteLimit: UInt64(ReplicatedState.byteLimit(model: run.model, experiment: run.experiment)))
    }

    /// The machine's configuration, from the prepared run.
    func machineConfiguration(children: [Int32]) throws -> CoordinatorConfiguration {
        var configuration = CoordinatorConfiguration(
            job: leadership.job,
            experiment: run.experiment.canonicalForm,
            experimentDigest: run.experiment.digest,
            arithmeticVersion: UInt32(Arithmetic.version), microBatchCount: run.experiment.microBatchCount,
            bounds: bounds, workerCount: settings.workerCount, processSpace: .current, data: [contents.data])
        configuration.childProcessIdentifiers = children
        configuration.predecessor = predecessor
        configuration.predecessorRecordMilliseconds = leadership.lastRecordMilliseconds
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

extension RecoveryTiming {
    fileprivate init(_ recovery: Recovery) {
        self.init(
            generation: recovery.generation, cause: recovery.cause,
            lastStepNanoseconds: recovery.lastStepMilliseconds.map { Int64($0) * 1_000_000 },
            noticedNanoseconds: Int64(recovery.noticedMilliseconds) * 1_000_000,
            recoveredNanoseconds: Int64(recovery.recoveredMilliseconds) * 1_000_000,
            redoneMicroBatches: recovery.redoneMicroBatches)
    }
}
