import Coordination
import Core
import Glibc
import Runs
import Transport

/// Prepares a run while it answers workers: loading the data may take minutes.
///
/// Workers that introduce themselves get PREPARING, so that they neither give up nor look for another coordinator.
struct Reception {
    private let socket: ZeroMQSocket
    /// The keys that the socket admits; nil without keys.
    private let admittedKeys: AdmittedKeys?
    private let signals: SignalDescriptor
    private let settings: CoordinatorSettings
    private let poller = Poller(capacity: 4)
    /// Lines of the supervisor that arrived meanwhile.
    private(set) var news: [String] = []
    /// The signal that asked for the end while workers of a predecessor may hold states.
    private(set) var stopSignal: Int32?
    private let startMilliseconds = MonotonicTime.now.milliseconds

    /// The pause between lines about a run that is still being prepared.
    private static let noteMilliseconds: UInt64 = 10_000
    /// How long preparing a run may take.
    private static let limitMilliseconds: UInt64 = 3_600_000

    init(
        _ settings: CoordinatorSettings, socket: ZeroMQSocket, admittedKeys: AdmittedKeys?, signals: SignalDescriptor
    ) {
        self.settings = settings
        self.socket = socket
        self.admittedKeys = admittedKeys
        self.signals = signals
    }

    /// Runs `prepare` in a thread of its own, which then writes the run's files, and answers workers until it returns.
    /// Throws its error, or what ended the process before.
    mutating func wait(
        with pipe: inout SupervisorPipe, observer: any CoordinatorObserver,
        while prepare: @escaping @Sendable () throws -> LedRun
    ) throws -> LedRun {
        let results = try Mailbox<Result<LedRun, any Error>>()
        poller.add(socket)
        poller.add(descriptor: signals.descriptor)
        poller.add(results.event)
        if settings.isSupervised { poller.add(descriptor: pipe.descriptor) }
        _ = ControlThread {
            let result = Result { try prepare() }
            results.post(result)
            if case .success(let led) = result { led.writer.run() }
        }
        var nextNote = startMilliseconds + Self.noteMilliseconds
        while true {
            _ = try poller.wait(until: Deadline(afterMilliseconds: 100))
            if let result = results.takeAll().first { return try result.get() }
            try answerWorkers()
            if settings.isSupervised && poller.isReady(3) { try readNews(&pipe) }
            while let signal = signals.next() { try stop(signal) }
            let now = MonotonicTime.now.milliseconds
            if now >= startMilliseconds + Self.limitMilliseconds {
                throw ClusterError.system("prepare the run within an hour", ETIMEDOUT)
            }
            if now >= nextNote {
                nextNote = now + Self.noteMilliseconds
                observer.noted("loading the data for \((now - startMilliseconds) / 1000) s", isWarning: false)
            }
        }
    }

    private func answerWorkers() throws {
        while let (frames, sender) = try socket.receiveMessage() {
            guard frames.count == 2, admittedKeys?.admits(sender) ?? true,
                let message = ControlFrame.opened(frames[1]), let message = Self.answer(to: message)
            else { continue }
            let answer = CoordinatorEnvelope(sender: .preparing, message: message)
            // A worker that is gone again needs no answer.
            _ = try? socket.send(frames: [frames[0], ControlFrame.sealed(answer.encoded())])
        }
    }

    /// To a worker and to an observer; nil for any other message.
    private static func answer(to bytes: [UInt8]) -> CoordinatorMessage? {
        switch try? WorkerMessage(decoding: bytes) {
        case .hello: .preparing
        case .inquiry(let inquiry): .information(Information(answering: inquiry, program: .current, data: []))
        default: nil
        }
    }

    private mutating func readNews(_ pipe: inout SupervisorPipe) throws {
        for line in pipe.readLines() {
            if case .stop(let signal)? = SupervisorNews(line) { try stop(signal.rawValue) } else { news.append(line) }
        }
        if pipe.hasEnded { throw ClusterError.supervisorGone }
    }

    /// Ends a run that has not started. A successor first takes over the states of the workers.
    private mutating func stop(_ signal: Int32) throws {
        guard settings.isSuccessor else { throw ClusterError.interrupted(signal: signal) }
        stopSignal = stopSignal ?? signal
    }
}
