import Coordination
import Core
import Glibc
import Synchronization
import Transport

/// The control thread of a worker: it runs `WorkerMachine` over the control socket and the supervisor's pipe.
///
/// It owns the control socket, sends the heartbeats and never computes, so that a long step cannot silence the worker.
final class WorkerControl {
    /// Exit code and reason of the process.
    struct End: Sendable {
        var code: Int32
        var reason: String
        /// Whether the coordinator ordered it, and shows why.
        var isOrdered = false
    }

    private let channel: ComputeChannel
    private let link: ControlLink
    private let signals: SignalDescriptor
    /// Whether the supervisor's pipe is open.
    private var isSupervised: Bool
    private let note: @Sendable (String) -> Void
    private let announce: @Sendable (String) -> Void
    private var notices: WorkerNotices
    private var service: ServiceNotifier
    private let coordinatorAddress: String
    private let inboxAddress: String
    private var pipe = SupervisorPipe()
    /// Of the inbox, which is in the same context.
    private var admissionWatch: AdmissionWatch
    private let poller = Poller(capacity: 5)
    private var end: End?

    init(
        _ context: ZeroMQContext, settings: WorkerSettings, inboxAddress: String, channel: ComputeChannel,
        signals: SignalDescriptor
    ) throws {
        self.channel = channel
        self.signals = signals
        isSupervised = settings.isSupervised
        note = settings.note
        announce = settings.announce
        notices = WorkerNotices(coordinatorAddress: settings.coordinatorAddress, inboxAddress: inboxAddress)
        service = ServiceNotifier(
            environment: settings.environment, isSupervised: settings.isSupervised, now: Self.now)
        coordinatorAddress = settings.coordinatorAddress
        self.inboxAddress = inboxAddress
        link = try ControlLink(
            context, NetworkAddresses.connecting(to: Endpoint(parsing: settings.coordinatorAddress)),
            keys: settings.keys, now: Self.now)
        admissionWatch = AdmissionWatch(of: link.socket)
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

    /// Runs until the machine or a signal ends the process; the compute thread then leaves.
    func run(hello: Hello) -> End {
        var machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: hello), now: Self.now)
        announce(notices.waiting)
        service.started()
        perform(machine.start(now: Self.now))
        while true {
            if var end {
                end.isOrdered = machine.isDismissed
                service.ends(end.reason)
                channel.commands.post(.leave)
                channel.interrupt.signal()
                return end
            }
            do {
                _ = try poller.wait(until: Deadline(afterMilliseconds: 25))
                try receive(&machine)
            } catch {
                end = End(code: ProcessExitCode.unreachable, reason: String(describing: error))
            }
            takeSignals(&machine)
            takeReports(&machine)
            if end == nil { perform(machine.tick(now: Self.now)) }
        }
    }

    /// Messages are received for at most this long before reports and signals are looked at again.
    private static let receiveMilliseconds: UInt64 = 25

    private static var now: UInt64 { MonotonicTime.now.milliseconds }

    private func receive(_ machine: inout WorkerMachine) throws {
        let changes = try link.takeChanges(now: Self.now)
        if let refusal = changes.refusal {
            end = End(code: ProcessExitCode.notAdmitted, reason: "the coordinator at \(coordinatorAddress) \(refusal)")
        }
        if changes.isRenewed { watch() }
        if changes.isConnected != nil { perform(machine.coordinatorLost(now: Self.now)) }
        let latest = Self.now + Self.receiveMilliseconds
        while end == nil, Self.now < latest, let message = try link.receive(now: Self.now) {
            perform(machine.received(message, now: Self.now))
        }
        // After the messages: at the end of a run the connection breaks too.
        if end == nil, let isConnected = changes.isConnected {
            notices.connectionChanged(isConnected: isConnected).map(announce)
            // Connections break when their address goes, and are made again from another.
            if isConnected, let loss = NetworkAddresses.lossOfInbox(inboxAddress) {
                perform(machine.inboxLost(reason: loss.description, now: Self.now))
            }
        }
        if try link.renewIfSilent(now: Self.now) { watch() }
    }

    private func takeSignals(_ machine: inout WorkerMachine) {
        while end == nil, let signal = signals.next() { perform(machine.interrupt(signal: signal, now: Self.now)) }
        guard isSupervised && poller.isReady(4) else { return }
        for line in pipe.readLines() where SupervisorNews(line) == .successor {
            perform(machine.coordinatorLost(now: Self.now))
        }
        guard pipe.hasEnded else { return }
        isSupervised = false
        watch()
        perform(machine.supervisorLost(reason: ClusterError.supervisorGone.description, now: Self.now))
    }

    private func takeReports(_ machine: inout WorkerMachine) {
        let now = Self.now
        let (firstStep, steps) = channel.board.takeReducedSteps()
        for (index, reduced) in steps.enumerated() {
            perform(machine.stepReduced(reduced, at: firstStep + UInt64(index), now: now))
        }
        // Nothing is decided by them, so the machine does not see them.
        if let counts = channel.board.takeValidationCounts() { link.send(.validationCounts(counts)) }
        let note = channel.board.current
        perform(
            machine.computed(
                completedSteps: note.completedSteps, phase: note.phase, counter: note.counter,
                microBatchNanoseconds: note.microBatchNanoseconds, measures: note.measures, now: now))
        service.update(
            status: notices.status(phase: note.phase, completedSteps: note.completedSteps), progress: note.counter,
            isBusy: note.phase.isBusy, now: now)
        for report in channel.reports.takeAll() where end == nil { perform(machine.received(report, now: now)) }
        // Nothing that this worker decides depends on it.
        if let report = channel.links.takeReport(now: now) { link.send(.links(report)) }
        if let line = admissionWatch.takeChange(now: now) { self.note(line) }
    }

    private func perform(_ actions: [WorkerAction]) {
        for action in actions where end == nil {
            switch action {
            case .send(let message): link.send(message)
            case .compute(let command):
                notices.commanded(command).map(announce)
                channel.commands.post(command)
            case .interruptCompute: channel.interrupt.signal()
            case .note(let text): note(text)
            case .exit(let code, let reason): end = End(code: code, reason: reason)
            }
        }
    }
}

/// A worker's connection to its coordinator, replaced when it may be beyond repair.
final class ControlLink {
    /// What happened to the connection.
    struct Changes {
        /// Whether it was made or broke last; nil where neither happened.
        var isConnected: Bool?
        /// The socket was replaced.
        var isRenewed = false
        /// Why the coordinator will never admit this worker; nil while it may.
        var refusal: String?
    }

    private let context: ZeroMQContext
    private let endpoint: Endpoint
    private let keys: WorkerKeys?
    private var attempts: AdmissionAttempts
    private(set) var socket: ZeroMQSocket
    private(set) var monitor: ConnectionMonitor
    private var lastReceived: UInt64
    private var madeAt: UInt64

    /// libzmq gives a connection up for good after a protocol error: after this silence the socket is replaced.
    private static let renewalMilliseconds: UInt64 = 3000

    init(_ context: ZeroMQContext, _ endpoint: Endpoint, keys: WorkerKeys?, now: UInt64) throws(TransportError) {
        self.context = context
        self.endpoint = endpoint
        self.keys = keys
        attempts = AdmissionAttempts(coordinatorCount: keys?.coordinators.count ?? 0)
        (socket, monitor) = try Self.connect(context, endpoint, keys, coordinatorIndex: 0)
        lastReceived = now
        madeAt = now
    }

    private static func connect(
        _ context: ZeroMQContext, _ endpoint: Endpoint, _ keys: WorkerKeys?, coordinatorIndex: Int
    ) throws(TransportError) -> (ZeroMQSocket, ConnectionMonitor) {
        var options = SocketOptions()
        options.maximumReconnectMilliseconds = 200
        if let keys { options.security = .connecting(keys.pair, to: keys.coordinators[coordinatorIndex]) }
        let socket = try ZeroMQSocket(context, .dealer, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(endpoint)
        return (socket, monitor)
    }

    /// Replaces the socket when nothing was received for too long. Returns whether it did.
    func renewIfSilent(now: UInt64) throws(TransportError) -> Bool {
        guard now >= max(lastReceived, madeAt) + Self.renewalMilliseconds else { return false }
        if monitor.isUnanswered { _ = attempts.failed(.unanswered, now: now) }
        try renew(now: now)
        return true
    }

    private func renew(now: UInt64) throws(TransportError) {
        monitor.close()
        socket.close()
        (socket, monitor) = try Self.connect(
            context, endpoint, keys, coordinatorIndex: attempts.coordinatorIndex)
        madeAt = now
    }

    /// The next message that has arrived, or nil. Damaged frames are dropped.
    func receive(now: UInt64) throws(TransportError) -> [UInt8]? {
        while let frames = try socket.receiveFrames() {
            guard frames.count == 1, let message = ControlFrame.opened(frames[0]) else { continue }
            lastReceived = now
            attempts.received()
            return message
        }
        return nil
    }

    /// Sends a message. One that the socket does not take is lost: the machine sends it again.
    func send(_ message: WorkerMessage) {
        _ = try? socket.send(frames: [ControlFrame.sealed(message.encoded())])
    }

    /// What happened to the connection since the last call. Replaces the socket where another key has to be expected.
    func takeChanges(now: UInt64) throws(TransportError) -> Changes {
        var changes = Changes()
        while changes.refusal == nil, let event = try monitor.next() {
            switch event {
            case .established: changes.isConnected = true
            case .disconnected: changes.isConnected = false
            case .connectionRefused: break
            case .handshakeFailed(let failure):
                switch attempts.failed(failure, now: now) {
                case .wait: break
                case .renew:
                    try renew(now: now)
                    changes.isRenewed = true
                case .giveUp(let reason): changes.refusal = reason
                }
            }
        }
        return changes
    }
}

/// A control message on the wire: its bytes and their CRC-32C. A damaged message counts as lost.
enum ControlFrame {
    private static let checksumByteCount = 4

    static func sealed(_ message: [UInt8]) -> [UInt8] {
        message + checksum(of: message)
    }

    private static func checksum(of message: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reservingByteCount: checksumByteCount)
        writer.append(CRC32C.checksum(message))
        return writer.bytes
    }

    /// The message in a frame; nil when it is damaged. A frame of another protocol version is returned whole, so that
    /// the decoder can name the version.
    static func opened(_ frame: [UInt8]) -> [UInt8]? {
        let message = Array(frame.dropLast(checksumByteCount))
        if !message.isEmpty, checksum(of: message).elementsEqual(frame.suffix(checksumByteCount)) { return message }
        let versionOffset = 2
        let isForeign = frame.count > versionOffset && frame[versionOffset] != WireLimits.protocolVersion
        return isForeign ? frame : nil
    }
}
