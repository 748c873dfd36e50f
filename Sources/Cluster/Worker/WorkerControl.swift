import Coordination
import Digests
import Glibc
import Synchronization
import Transport

/// The control thread of a worker: it speaks with the coordinator, beats, and passes work to the compute thread.
///
/// It owns the control socket and never computes.
final class WorkerControl {
    /// How a worker's process ends.
    struct End: Sendable {
        var code: Int32
        var reason: String
    }

    private let channel: ComputeChannel
    private let socket: ZeroMQSocket
    private let signals: SignalDescriptor
    private let isSupervised: Bool
    private let coordinatorAddress: String
    private var pipe = SupervisorPipe()
    private let poller = Poller(capacity: 4)
    private var end: End?

    init(
        _ context: ZeroMQContext, settings: WorkerSettings, channel: ComputeChannel, signals: SignalDescriptor
    ) throws {
        self.channel = channel
        self.signals = signals
        isSupervised = settings.isSupervised
        coordinatorAddress = settings.coordinatorAddress
        socket = try ZeroMQSocket(context, .dealer, options: SocketOptions())
        try socket.connect(Endpoint(parsing: settings.coordinatorAddress))
        poller.add(socket)
        poller.add(channel.reports.event)
        poller.add(descriptor: signals.descriptor)
        if isSupervised { poller.add(descriptor: pipe.descriptor) }
    }

    /// Runs until the machine or a signal ends it, and has the compute thread leave.
    func run(hello: Hello) -> End {
        var machine = WorkerMachine(
            configuration: WorkerConfiguration(
                hello: hello, checksum: { bytes in bytes.withUnsafeBytes { CRC32C.checksum($0) } }), now: now)
        perform(machine.start(now: now))
        while end == nil {
            do {
                _ = try poller.wait(until: Deadline(afterMilliseconds: 25))
                while end == nil, let frames = try socket.receiveFrames() {
                    guard frames.count == 1 else { continue }
                    perform(machine.received(frames[0], now: now))
                }
            } catch {
                end = End(code: ExitCode.unreachable, reason: String(describing: error))
            }
            hearSignals()
            hearCompute(&machine)
            if end == nil { perform(machine.tick(now: now)) }
        }
        channel.commands.post(.leave)
        channel.interrupt.signal()
        return end ?? End(code: ExitCode.internalError, reason: "the worker ended without a reason")
    }

    private var now: UInt64 { UInt64(MonotonicClock.nanoseconds / 1_000_000) }

    private func hearSignals() {
        if let signal = signals.next() {
            say(.goodbye)
            end = End(code: 128 + signal, reason: "ended by signal \(signal)")
        }
        guard isSupervised && poller.isReady(3) else { return }
        _ = pipe.readLines()
        guard pipe.hasEnded else { return }
        AbandonedSockets.remove(around: coordinatorAddress)
        end = End(code: ExitCode.requeue, reason: ClusterError.supervisorGone.description)
    }

    private func hearCompute(_ machine: inout WorkerMachine) {
        let (firstStep, digests) = channel.board.takeStepDigests()
        for (index, digest) in digests.enumerated() {
            perform(machine.stepReduced(step: firstStep + UInt64(index), digest: digest, now: now))
        }
        let note = channel.board.current
        perform(
            machine.computed(
                completedSteps: note.completedSteps, phase: note.phase, counter: note.counter,
                measures: note.measures, now: now))
        for report in channel.reports.takeAll() where end == nil { tell(&machine, report) }
    }

    private func tell(_ machine: inout WorkerMachine, _ report: ComputeReport) {
        switch report {
        case .experimentLoaded(let missing): perform(machine.experimentLoaded(missing: missing, now: now))
        case .prepared(let steps, let digest):
            perform(machine.prepared(completedSteps: steps, stateDigest: digest, now: now))
        case .linked(let generation, let steps, let digest):
            perform(
                machine.linked(generation: generation, completedSteps: steps, stateDigest: digest, now: now))
        case .epochEnded(let epoch):
            perform(
                machine.epochEnded(
                    epoch: epoch.epoch, completedSteps: epoch.completedSteps, row: epoch.row,
                    stateDigest: epoch.stateDigest, bestImproved: epoch.bestImproved, now: now))
        case .stateSerialized(let name, let bytes): perform(machine.stateSerialized(name, bytes: bytes, now: now))
        case .finished(let steps, let digest, let isComplete):
            perform(
                machine.finished(completedSteps: steps, stateDigest: digest, isComplete: isComplete, now: now))
        case .failed(let kind, let message): perform(machine.failed(kind, message: message, now: now))
        }
    }

    private func perform(_ actions: [WorkerAction]) {
        for action in actions where end == nil {
            switch action {
            case .send(let message): say(message)
            case .loadExperiment(let welcome): channel.commands.post(.loadExperiment(welcome))
            case .expectContent(let content): channel.commands.post(.expectContent(content))
            case .storeContent(let identifier, let offset, let bytes):
                channel.commands.post(.storeContent(identifier, offset: offset, bytes: bytes))
            case .prepare: channel.commands.post(.prepare)
            case .enterView(let view): channel.commands.post(.enterView(view))
            case .extendGrant(let stepLimit): channel.commands.post(.extendGrant(stepLimit: stepLimit))
            case .stopAt(let stepLimit): channel.commands.post(.stopAt(stepLimit: stepLimit))
            case .serializeState(let purpose): channel.commands.post(.serializeState(purpose))
            case .interruptCompute: channel.interrupt.signal()
            case .exit(let code, let reason): end = End(code: code, reason: reason)
            }
        }
    }

    /// Sends to the coordinator; what it does not take is repeated by the next heartbeat or missed by a deadline.
    private func say(_ message: WorkerMessage) {
        _ = try? socket.send(frames: [message.encoded()])
    }
}
