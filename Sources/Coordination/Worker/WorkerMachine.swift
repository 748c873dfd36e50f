import Core

/// The decisions of a worker: its driver passes in messages and reports, and performs the actions that are returned.
///
/// Times are monotonic milliseconds. The driver calls `tick` at least every 50 ms and nothing after `.exit`.
package struct WorkerMachine: ~Copyable {
    /// After this time without effect a message is sent again.
    private static let repeatMilliseconds: UInt64 = 1000

    private let configuration: WorkerConfiguration
    private(set) var phase: Phase = .created
    private var link: CoordinatorLink
    private(set) var membership = ViewMembership()
    private var report = ProgressReport()
    private var departure = Departure()
    private var epochs = EpochReports()
    private var fetcher: ContentFetcher
    private var states: StateSender
    /// The answer that the coordinator waits for: sent again when it seems lost.
    private var pendingAnswer: WorkerMessage?
    private var actions: [WorkerAction] = []
    /// Messages of another generation, or that do not fit the phase, which had no effect.
    private(set) var ignoredMessageCount = 0
    /// Whether the coordinator has ordered the end of this worker, and shows why.
    package var isDismissed: Bool { departure.isOrdered }

    package init(configuration: WorkerConfiguration, now: UInt64) {
        self.configuration = configuration
        link = CoordinatorLink(now: now)
        fetcher = ContentFetcher(chunksAtATime: configuration.requestedChunkCount)
        states = StateSender(windowChunkCount: configuration.stateWindowChunkCount)
    }

    // MARK: Events

    /// The control socket is connected and the inbox bound: HELLO is sent.
    package mutating func start(now: UInt64) -> [WorkerAction] {
        precondition(phase == .created, "a worker starts once")
        phase = .greeting(Greeting(now: now))
        send(.hello(configuration.hello))
        return takeActions()
    }

    /// Bytes arrived from the coordinator.
    package mutating func received(_ bytes: [UInt8], now: UInt64) -> [WorkerAction] {
        do {
            let envelope = try CoordinatorEnvelope(decoding: bytes)
            return received(envelope.message, from: envelope.sender, now: now)
        } catch {
            handleUndecodable(error)
            return takeActions()
        }
    }

    /// A message arrived from a coordinator.
    package mutating func received(
        _ message: CoordinatorMessage, from sender: CoordinatorIdentity, now: UInt64
    ) -> [WorkerAction] {
        handle(message, from: sender, now: now)
        return takeActions()
    }

    /// The compute thread reported something.
    package mutating func received(_ report: ComputeReport, now: UInt64) -> [WorkerAction] {
        switch report {
        case .experimentLoaded(let missing): handleExperimentLoaded(missing: missing, now: now)
        case .prepared(let position, let digest) where phase == .preparing:
            becomeQuiescent(Ready(generation: 0, position: position, stateDigest: digest))
        case .quiesced(let position, let digest) where phase == .quiescing:
            // A newer generation may have been announced meanwhile.
            let generation = membership.announcedGeneration
            becomeQuiescent(Ready(generation: generation, position: position, stateDigest: digest))
        case .prepared, .quiesced: break
        case .linked(let linked): handleLinked(linked, now: now)
        case .epochEnded(let ended): handleEpochEnded(ended, now: now)
        case .stateSerialized(let name, let bytes): handleSerialized(name, bytes: bytes, now: now)
        case .finished(let steps, let digest, let isComplete):
            let generation = self.report.generation
            handleFinished(
                Done(generation: generation, completedSteps: steps, stateDigest: digest, isComplete: isComplete),
                now: now)
        case .stateSaved(let path): exitSaved(path: path)
        case .failed(let kind, let message): handleFailure(kind, message: message, now: now)
        }
        return takeActions()
    }

    /// The compute thread is at `phase` with that many steps complete; `counter` rises with anything that got done.
    package mutating func computed(
        completedSteps: UInt64, phase: WorkerPhase, counter: UInt64, microBatchNanoseconds: UInt64 = 0,
        measures: RunningMeasures?, now: UInt64
    ) -> [WorkerAction] {
        report.note(counter: counter, microBatchNanoseconds: microBatchNanoseconds)
        if self.phase == .ready || self.phase == .training,
            report.note(
                completedSteps: completedSteps, phase: phase, measures: measures, stepLimit: membership.stepLimit)
        {
            sendProgress(now: now)
        }
        return takeActions()
    }

    /// Rank 0 only: the gradients of `step` (from 0) are summed.
    package mutating func stepReduced(_ reduced: ReducedStep, at step: UInt64, now: UInt64) -> [WorkerAction] {
        // The last step may be told after the report that the compute thread has quiesced.
        if phase == .training || phase == .quiescing || phase == .finishing || phase.isQuiescent,
            let full = report.add(reduced, at: step)
        {
            send(.reducedSteps(full))
        }
        return takeActions()
    }

    /// The connection to the coordinator broke, or a successor was started at its address.
    package mutating func coordinatorLost(now: UInt64) -> [WorkerAction] {
        greetAgain(now: now)
        return takeActions()
    }

    /// A signal asks this process to end.
    package mutating func interrupt(signal: Int32, now: UInt64) -> [WorkerAction] {
        let decision = departure.interrupt(
            signal: signal, isOver: phase.isOver, holdsState: membership.holdsState,
            graceMilliseconds: link.welcome?.settings.graceMilliseconds ?? 0, now: now)
        perform(decision, now: now)
        return takeActions()
    }

    /// The supervisor is gone. Without actions the process may end at once.
    package mutating func supervisorLost(reason: String, now: UInt64) -> [WorkerAction] {
        if !phase.isOver { perform(departure.supervisorLost(reason: reason), now: now) }
        return takeActions()
    }

    /// The host lost the address of this worker's inbox.
    package mutating func inboxLost(reason: String, now: UInt64) -> [WorkerAction] {
        if !phase.isOver { perform(departure.inboxLost(reason: reason), now: now) }
        return takeActions()
    }

    /// Time passed: sends heartbeats and checks every deadline.
    package mutating func tick(now: UInt64) -> [WorkerAction] {
        let wasLate = link.tick(now: now)
        switch phase {
        case .created, .exited: break
        case .abandoned(let ending): if now >= ending.deadline { exitSaved(path: nil) }
        case .greeting(let greeting): repeatGreeting(greeting, now: now)
        case .failed(let failure, _) where phase.isOverdue(configuration, isCoordinatorKnown: link.isKnown, now: now):
            exit(code: failure.exitCode, reason: failure.message)
        default:
            if wasLate { link.restartSilence(now: now) }
            keepInTouch(now: now)
            if !phase.isOver { perform(departure.check(isCoordinatorKnown: link.isKnown, now: now), now: now) }
        }
        return takeActions()
    }

    // MARK: The coordinator

    private mutating func handleUndecodable(_ error: MessageError) {
        guard phase != .exited else { return }
        if case .otherVersion = error, phase.isGreeting {
            exit(code: ProcessExitCode.usage, reason: "the coordinator's messages cannot be read: \(error)")
        } else {
            ignoredMessageCount += 1
        }
    }

    private mutating func handle(_ message: CoordinatorMessage, from sender: CoordinatorIdentity, now: UInt64) {
        guard phase.takesMessages else { return }
        switch link.received(from: sender, now: now) {
        case .leader: break
        case .deposed(let note):
            if let note { actions.append(.note(note)) }
            return ignoredMessageCount += 1
        case .foreign: guard message.concernsUnknownWorkers else { return ignoredMessageCount += 1 }
        }
        switch message {
        case .welcome(let welcome): handleWelcome(welcome, from: sender, now: now)
        case .refused(let refusal): handleRefusal(refusal)
        case .introduce: greetAgain(now: now)
        case .preparing:
            phase.prolongGreeting(now: now)
            if !link.isKnown { link.restartSilence(now: now) }
        case .heartbeat, .information: break
        case .contentChunk(let chunk): handleChunk(chunk, now: now)
        case .reconfigure(let generation): handleReconfiguration(generation)
        case .view(let view): handleView(view, now: now)
        case .grant(let grant): handleGrant(grant, now: now)
        case .stop(let grant): handleStop(grant, now: now)
        case .stateReceived(let name, let offset):
            states.acknowledge(name, offset: offset)
            sendStateChunks(now: now)
        case .sendState(let purpose): handleStateRequest(purpose)
        case .end(let reason): perform(departure.ended(reason: reason), now: now)
        case .abort(let code, let reason): perform(departure.aborted(code: code, reason: reason), now: now)
        }
    }

    private mutating func handleWelcome(_ welcome: Welcome, from sender: CoordinatorIdentity, now: UInt64) {
        link.accept(welcome, from: sender, now: now)
        if phase.isGreeting {
            phase = .loading
            compute(.loadExperiment(welcome, job: sender.job))
        } else {
            // A coordinator took over, or recognises this worker again: messages may have been lost.
            phase.prolongFailure(now: now)
            report.coordinatorChanged()
            states.restart()
            states.forget(savedEpochs: welcome.records.savedEpochs)
            sendEpochs(after: welcome.records.epochs, now: now)
            sendStateChunks(now: now)
            if let pendingAnswer { send(pendingAnswer) }
        }
        sendProgress(now: now)
    }

    private mutating func handleRefusal(_ refusal: Refusal) {
        guard phase.isGreeting || !link.isKnown else { return ignoredMessageCount += 1 }
        exit(code: refusal.exitCode, reason: "the coordinator refused this worker: \(refusal.reason)")
    }

    /// Sends HELLO to a coordinator that may not know this worker, with what it holds if it was welcomed before.
    private mutating func greetAgain(now: UInt64) {
        guard phase.takesMessages, !phase.isGreeting else { return }
        var hello = configuration.hello
        if phase.hasModel { hello.attachment = link.leader.map { membership.attachment(to: $0.job) } }
        link.greeted(now: now)
        send(.hello(hello))
    }

    private mutating func repeatGreeting(_ greeting: Greeting, now: UInt64) {
        var greeting = greeting
        switch greeting.check(configuration, now: now) {
        case .wait: break
        case .giveUp(let reason): exit(code: ProcessExitCode.unreachable, reason: reason)
        case .greet:
            phase = .greeting(greeting)
            send(.hello(configuration.hello))
        }
    }

    private mutating func keepInTouch(now: UInt64) {
        switch link.check(now: now) {
        case .giveUp:
            let seconds = link.welcome?.settings.successorSeconds ?? 0
            let decision = departure.coordinatorLost(seconds: seconds, completedSteps: report.completedSteps)
            return perform(decision, now: now)
        case .greet: greetAgain(now: now)
        case .fine: break
        }
        if link.isHeartbeatDue(now: now) { sendProgress(now: now) }
        if phase == .fetching, let request = fetcher.repeatedRequest(now: now) { send(.contentRequest(request)) }
        if states.isStuck(now: now) {
            states.restart()
            sendStateChunks(now: now)
        }
    }

    // MARK: Learning

    private mutating func handleExperimentLoaded(missing: [SHA256Digest], now: UInt64) {
        guard phase == .loading, let welcome = link.welcome else { return }
        phase = .fetching
        fetchOn(fetcher.begin(welcome, missing: missing, now: now))
    }

    private mutating func handleChunk(_ chunk: ContentChunk, now: UInt64) {
        let next = phase == .fetching ? fetcher.receive(chunk, now: now) : []
        guard !next.isEmpty else { return ignoredMessageCount += 1 }
        report.advance()
        fetchOn(next)
    }

    /// Stores and requests content; when nothing is missing, has the compute thread prepare.
    private mutating func fetchOn(_ next: [WorkerAction]) {
        actions += next
        guard fetcher.isComplete else { return }
        phase = .preparing
        compute(.prepare)
    }

    // MARK: Views

    /// Quiesces, so that a new view can be formed. The state stays.
    private mutating func handleReconfiguration(_ generation: UInt64) {
        let announcement = membership.announce(generation)
        switch (announcement, phase) {
        case (.outdated, _): ignoredMessageCount += 1
        case (_, .quiescent(var ready)):
            ready.generation = generation
            phase = .quiescent(ready)
            answer(.ready(ready))
        case (.new, .linking), (.new, .ready), (.new, .training), (.new, .finishing): quiesce()
        case (.new, .failed(let failure, _)) where failure.isOfExchange: quiesce()
        default: break
        }
    }

    private mutating func quiesce() {
        phase = .quiescing
        report.setPhase(.waiting)
        sendReducedSteps()
        actions.append(.interruptCompute)
        compute(.quiesce)
    }

    private mutating func becomeQuiescent(_ ready: Ready) {
        sendReducedSteps()
        phase = .quiescent(ready)
        report.set(completedSteps: ready.position.completedSteps, phase: .waiting)
        answer(.ready(ready))
    }

    private mutating func handleView(_ view: View, now: UInt64) {
        if membership.isLinked(view) {
            // The coordinator has not received the answer.
            switch phase {
            case .ready, .training, .finishing: if let linked = membership.linked { send(.linked(linked)) }
            default: break
            }
            return
        }
        guard phase.isQuiescent, membership.enter(view, inboxAddress: configuration.hello.inboxAddress) else {
            return ignoredMessageCount += 1
        }
        phase = .linking
        pendingAnswer = nil
        report.enter(view)
        compute(.enterView(view))
        sendProgress(now: now)
    }

    private mutating func handleLinked(_ linked: Linked, now: UInt64) {
        guard phase == .linking, linked.generation == membership.view?.generation else { return }
        phase = .ready
        membership.link(linked)
        report.setPhase(.waiting)
        report.advance()
        answer(.linked(linked))
        states.enterView(sendsRetained: membership.isFirst)
        if membership.isFirst { sendStateChunks(now: now) }
    }

    // MARK: Training

    private mutating func handleGrant(_ grant: Grant, now: UInt64) {
        guard accepts(grant, now: now), membership.extend(to: grant.stepLimit) else { return }
        report.granted(
            stepLimit: grant.stepLimit,
            isFirst: report.completedSteps == membership.view?.position.completedSteps)
        compute(.extendGrant(stepLimit: grant.stepLimit))
    }

    private mutating func handleStop(_ grant: Grant, now: UInt64) {
        guard accepts(grant, now: now), membership.stop(at: grant.stepLimit) else { return }
        compute(.stopAt(stepLimit: grant.stepLimit))
    }

    /// Whether a grant is for the present view. Notes what the coordinator has recorded.
    private mutating func accepts(_ grant: Grant, now: UInt64) -> Bool {
        states.forget(savedEpochs: grant.records.savedEpochs)
        if epochs.isRepetitionDue(after: grant.records.epochs, now: now) {
            sendEpochs(after: grant.records.epochs, now: now)
        }
        guard grant.generation == membership.view?.generation else {
            ignoredMessageCount += 1
            return false
        }
        switch phase {
        case .ready, .training:
            phase = .training
            return true
        case .finishing:
            // The coordinator has not received DONE.
            if let pendingAnswer { send(pendingAnswer) }
            return false
        default:
            ignoredMessageCount += 1
            return false
        }
    }

    private mutating func handleEpochEnded(_ ended: EpochEnded, now: UInt64) {
        guard !phase.isOver, epochs.add(ended, now: now) else { return }
        report.advance()
        sendReducedSteps()
        send(.epochEnded(ended))
    }

    private mutating func handleFinished(_ done: Done, now: UInt64) {
        guard phase == .training else { return }
        phase = .finishing
        report.set(completedSteps: done.completedSteps, phase: .finished)
        sendReducedSteps()
        sendProgress(now: now)
        answer(.done(done))
    }

    private mutating func handleFailure(_ kind: WorkerFailure.Kind, message: String, now: UInt64) {
        guard phase.reportsFailures else { return }
        let failure = WorkerFailure(generation: report.generation, kind: kind, message: message)
        phase = .failed(failure, since: now)
        sendReducedSteps()
        answer(.failed(failure))
    }

    // MARK: States

    private mutating func handleStateRequest(_ purpose: StatePurpose) {
        guard phase.answersStateRequests else { return ignoredMessageCount += 1 }
        if states.request(purpose) { compute(.serializeState(purpose)) }
    }

    private mutating func handleSerialized(_ name: StateName, bytes: [UInt8], now: UInt64) {
        states.serialized(name, bytes: bytes)
        guard phase.sendsStates, name.purpose.isRequested || (membership.isFirst && !phase.isQuiescent) else { return }
        report.advance()
        states.add(name, bytes: bytes)
        sendStateChunks(now: now)
    }

    // MARK: The end

    private mutating func perform(_ decision: Departure.Decision, now: UInt64) {
        switch decision {
        case .nothing: break
        case .announce(let signal): send(.leaving(signal: signal))
        case .leave(let code, let reason): leave(code: code, reason: reason)
        case .save(let code, let reason):
            guard membership.holdsState else { return leave(code: code, reason: reason) }
            phase = .abandoned(Abandonment(code: code, reason: reason, now: now))
            actions.append(.interruptCompute)
            compute(.saveState)
        }
    }

    /// The rescue checkpoint is written; nil when it could not be.
    private mutating func exitSaved(path: String?) {
        if case .abandoned(let ending) = phase { leave(code: ending.code, reason: ending.reason(path: path)) }
    }

    private mutating func leave(code: Int32, reason: String) {
        if phase != .exited { send(.goodbye) }
        exit(code: code, reason: reason)
    }

    private mutating func exit(code: Int32, reason: String) {
        guard phase != .exited else { return }
        phase = .exited
        actions += [.interruptCompute, .exit(code: code, reason: reason)]
    }

    // MARK: Messages

    private mutating func send(_ message: WorkerMessage) {
        actions.append(.send(message))
    }

    /// Sends what the coordinator waits for, and keeps it: it is sent again when it seems lost.
    private mutating func answer(_ message: WorkerMessage) {
        pendingAnswer = message
        send(message)
    }

    private mutating func compute(_ command: ComputeCommand) { actions.append(.compute(command)) }

    private mutating func sendProgress(now: UInt64) {
        sendReducedSteps()
        link.sentProgress(now: now)
        send(.progress(report.progress))
        if let signal = departure.announcedSignal { send(.leaving(signal: signal)) }
        switch phase {
        case .quiescent(let ready): if ready.generation == 0, let pendingAnswer { send(pendingAnswer) }
        case .failed(let failure, let since): if now >= since + Self.repeatMilliseconds { send(.failed(failure)) }
        default: break
        }
    }

    private mutating func sendReducedSteps() {
        if let reduced = report.takeReducedSteps() { send(.reducedSteps(reduced)) }
    }

    /// Sends the ends of epochs that the coordinator has not recorded.
    private mutating func sendEpochs(after epoch: UInt32, now: UInt64) {
        for ended in epochs.take(after: epoch, now: now) { send(.epochEnded(ended)) }
    }

    private mutating func sendStateChunks(now: UInt64) {
        for chunk in states.nextChunks(now: now) {
            report.advance()
            send(.stateChunk(chunk))
        }
    }

    private mutating func takeActions() -> [WorkerAction] {
        defer { actions = [] }
        return actions
    }
}
