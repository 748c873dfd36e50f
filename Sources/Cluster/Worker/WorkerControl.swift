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

/// A worker's connection to its coordinator, made anew when it may be beyond repair.
final class ControlLink {
    private let context: ZeroMQContext
    private let endpoint: Endpoint
    private(set) var socket: ZeroMQSocket
    private(set) var monitor: ConnectionMonitor
    private var lastHeard: UInt64
    private var madeAt: UInt64

    /// libzmq gives a connection up for good after a protocol error: without an answer for so long it is made anew.
    private static let renewalMilliseconds: UInt64 = 3000

    init(_ context: ZeroMQContext, _ endpoint: Endpoint, now: UInt64) throws(TransportError) {
        self.context = context
        self.endpoint = endpoint
        (socket, monitor) = try Self.connect(context, endpoint)
        lastHeard = now
        madeAt = now
    }

    private static func connect(
        _ context: ZeroMQContext, _ endpoint: Endpoint
    ) throws(TransportError) -> (ZeroMQSocket, ConnectionMonitor) {
        var options = SocketOptions()
        options.maximumReconnectMilliseconds = 200
        let socket = try ZeroMQSocket(context, .dealer, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(endpoint)
        return (socket, monitor)
    }

    /// Makes the connection anew when it was silent for too long; says whether it did.
    func renewIfSilent(now: UInt64) throws(TransportError) -> Bool {
        guard now >= max(lastHeard, madeAt) + Self.renewalMilliseconds else { return false }
        monitor.close()
        socket.close()
        (socket, monitor) = try Self.connect(context, endpoint)
        madeAt = now
        return true
    }

    /// A message that has arrived, or nil.
    func receive(now: UInt64) throws(TransportError) -> [UInt8]? {
        while let frames = try socket.receiveFrames() {
            guard frames.count == 1, let message = ControlFrame.opened(frames[0]) else { continue }
            lastHeard = now
            return message
        }
        return nil
    }

    /// Sends; what the socket does not take is said again by the machine when it seems lost.
    func say(_ message: WorkerMessage) {
        _ = try? socket.send(frames: [ControlFrame.sealed(message.encoded())])
    }

    /// Whether the connection was made or broke since the last call.
    func hasChanged() throws(TransportError) -> Bool {
        var changed = false
        while let event = try monitor.next() {
            if event == .established || event == .disconnected { changed = true }
        }
        return changed
    }
}

/// A control message as it travels: its bytes and their CRC-32C, so that a damaged one counts as lost.
enum ControlFrame {
    private static let checksumByteCount = 4

    static func sealed(_ message: [UInt8]) -> [UInt8] {
        let checksum = message.withUnsafeBytes { CRC32C.checksum($0) }
        return message + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
    }

    /// The message in a frame; nil when it is damaged. A frame of another protocol version is handed over whole: its
    /// reader says so.
    static func opened(_ frame: [UInt8]) -> [UInt8]? {
        let message = Array(frame.dropLast(checksumByteCount))
        if frame.count > checksumByteCount, sealed(message) == frame { return message }
        let versionOffset = 2
        let isForeign = frame.count > versionOffset && frame[versionOffset] != WireLimits.protocolVersion
        return isForeign ? frame : nil
    }
}
