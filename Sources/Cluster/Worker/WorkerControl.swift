import Coordination
import Core
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
    private let link: ControlLink
    private let signals: SignalDescriptor
    private let isSupervised: Bool
    private let coordinatorAddress: String
    private var pipe = SupervisorPipe()
    private let poller = Poller(capacity: 5)
    private var end: End?

    init(
        _ context: ZeroMQContext, settings: WorkerSettings, channel: ComputeChannel, signals: SignalDescriptor
    ) throws {
        self.channel = channel
        self.signals = signals
        isSupervised = settings.isSupervised
        coordinatorAddress = settings.coordinatorAddress
        link = try ControlLink(context, Endpoint(parsing: settings.coordinatorAddress), now: Self.now)
        watch()
    }

    private func watch() {
        poller.remove(from: 0)
        poller.add(link.socket)
        poller.add(link.monitor)
        poller.add(channel.reports.event)
        poller.add(descriptor: signals.descriptor)
        if isSupervised { poller.add(descriptor: pipe.descriptor) }
    }

    /// Runs until the machine or a signal ends it, and has the compute thread leave.
    func run(hello: Hello) -> End {
        var machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: hello), now: Self.now)
        perform(machine.start(now: Self.now))
        while true {
            if let end {
                channel.commands.post(.leave)
                channel.interrupt.signal()
                return end
            }
            do {
                _ = try poller.wait(until: Deadline(afterMilliseconds: 25))
                try hearCoordinator(&machine)
            } catch {
                end = End(code: ProcessExitCode.unreachable, reason: String(describing: error))
            }
            hearSignals(&machine)
            hearCompute(&machine)
            if end == nil { perform(machine.tick(now: Self.now)) }
        }
    }

    private static let listeningMilliseconds: UInt64 = 25

    private static var now: UInt64 { MonotonicTime.now.milliseconds }

    private func hearCoordinator(_ machine: inout WorkerMachine) throws {
        if try link.hasChanged() { perform(machine.coordinatorLost(now: Self.now)) }
        // However much comes, the compute thread and signals are heard too.
        let latest = Self.now + Self.listeningMilliseconds
        while end == nil, Self.now < latest, let message = try link.receive(now: Self.now) {
            perform(machine.received(message, now: Self.now))
        }
        if try link.renewIfSilent(now: Self.now) { watch() }
    }

    private func hearSignals(_ machine: inout WorkerMachine) {
        if let signal = signals.next() {
            link.say(.goodbye)
            end = End(code: 128 + signal, reason: "ended by signal \(signal)")
        }
        guard isSupervised && poller.isReady(4) else { return }
        for line in pipe.readLines() where SupervisorNews(line) == .successor {
            perform(machine.coordinatorLost(now: Self.now))
        }
        guard pipe.hasEnded else { return }
        AbandonedSockets.remove(around: coordinatorAddress)
        end = End(code: ProcessExitCode.requeue, reason: ClusterError.supervisorGone.description)
    }

    private func hearCompute(_ machine: inout WorkerMachine) {
        let now = Self.now
        let (firstStep, digests) = channel.board.takeStepDigests()
        for (index, digest) in digests.enumerated() {
            perform(machine.stepReduced(step: firstStep + UInt64(index), digest: digest, now: now))
        }
        let note = channel.board.current
        perform(
            machine.computed(
                completedSteps: note.completedSteps, phase: note.phase, counter: note.counter,
                microBatchNanoseconds: note.microBatchNanoseconds, measures: note.measures, now: now))
        for report in channel.reports.takeAll() where end == nil { tell(&machine, report, now: now) }
    }

    private func tell(_ machine: inout WorkerMachine, _ report: ComputeReport, now: UInt64) {
        switch report {
        case .experimentLoaded(let missing): perform(machine.experimentLoaded(missing: missing, now: now))
        case .prepared(let position, let digest):
            perform(machine.prepared(position: position, stateDigest: digest, now: now))
        case .regrouped(let position, let digest):
            perform(machine.regrouped(position: position, stateDigest: digest, now: now))
        case .linked(let generation, let digest):
            perform(machine.linked(generation: generation, stateDigest: digest, now: now))
        case .epochEnded(let epoch): perform(machine.epochEnded(epoch, now: now))
        case .stateSerialized(let name, let bytes): perform(machine.stateSerialized(name, bytes: bytes, now: now))
        case .finished(let steps, let digest, let isComplete):
            perform(
                machine.finished(completedSteps: steps, stateDigest: digest, isComplete: isComplete, now: now))
        case .stateSaved(let path): perform(machine.stateSaved(path: path, now: now))
        case .failed(let kind, let message): perform(machine.failed(kind, message: message, now: now))
        }
    }

    private func perform(_ actions: [WorkerAction]) {
        for action in actions where end == nil {
            switch action {
            case .send(let message): link.say(message)
            case .loadExperiment(let welcome): channel.commands.post(.loadExperiment(welcome))
            case .expectContent(let content): channel.commands.post(.expectContent(content))
            case .storeContent(let identifier, let offset, let bytes):
                channel.commands.post(.storeContent(identifier, offset: offset, bytes: bytes))
            case .prepare: channel.commands.post(.prepare)
            case .regroup: channel.commands.post(.regroup)
            case .enterView(let view): channel.commands.post(.enterView(view))
            case .extendGrant(let stepLimit): channel.commands.post(.extendGrant(stepLimit: stepLimit))
            case .stopAt(let stepLimit): channel.commands.post(.stopAt(stepLimit: stepLimit))
            case .serializeState(let purpose): channel.commands.post(.serializeState(purpose))
            case .saveState: channel.commands.post(.saveState)
            case .interruptCompute: channel.interrupt.signal()
            case .exit(let code, let reason): end = End(code: code, reason: reason)
            }
        }
    }
}
