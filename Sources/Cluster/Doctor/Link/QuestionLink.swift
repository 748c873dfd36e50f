import Coordination
import Core
import Transport

/// How many questions are sent, and how fast.
struct QuestionPace {
    var count: Int
    var intervalMilliseconds: Int
    /// How long the last answers may take.
    var latestMilliseconds: Int

    /// A second of questions, each a segment of its own, so slow that no network is too narrow for them.
    static let usual = QuestionPace(count: 500, intervalMilliseconds: 2, latestMilliseconds: 1500)
}

/// A connection over which questions are asked. Used by one thread.
final class QuestionLink {
    private let link: ControlLink
    private let poller = Poller(capacity: 2)
    private let hasKeys: Bool
    /// The connection on which the latest answer came.
    private var connection: Int32?
    private var lastNumber: UInt64 = 0

    init(_ endpoint: Endpoint, keys: WorkerKeys?) throws {
        hasKeys = keys != nil
        link = try ControlLink(
            ZeroMQContext(), NetworkAddresses.connecting(to: endpoint), keys: keys,
            now: MonotonicTime.now.milliseconds)
        watch()
    }

    private func watch() {
        poller.remove(from: 0)
        poller.add(link.socket)
        poller.add(link.monitor)
    }

    func shakeHands(within milliseconds: Int) throws -> LinkFacts.Handshake {
        let deadline = Deadline(afterMilliseconds: milliseconds)
        while try poller.wait(until: deadline) {
            let changes = try link.takeChanges(now: MonotonicTime.now.milliseconds)
            if let refusal = changes.refusal { return .refused(refusal) }
            if changes.isRenewed { watch() }
            if changes.isConnected == true { return .established(withKeys: hasKeys) }
        }
        return .silent
    }

    /// Asks until there is an answer.
    func ask(within milliseconds: Int) throws -> LinkFacts.Answer {
        let latest = Deadline(afterMilliseconds: milliseconds)
        while !latest.hasPassed {
            _ = try sendQuestion()
            let next = Deadline(afterMilliseconds: Self.repetitionMilliseconds)
            while let frame = try nextFrame(until: next) {
                switch Self.read(frame) {
                case .success(let information?): return .information(information)
                case .failure(.otherVersion(let version)): return .otherProtocol(version: version)
                default: break
                }
            }
        }
        return .silent
    }

    private static let repetitionMilliseconds = 250

    /// Times answers to questions that are sent at an even pace.
    func measure(_ pace: QuestionPace) throws -> RoundTrips {
        var trips = RoundTrips()
        var sent: [UInt64: MonotonicTime] = [:]
        func take(until deadline: Deadline, isLast: Bool = false) throws {
            while let frame = try nextFrame(until: deadline) {
                let now = MonotonicTime.now
                guard case .success(let information?) = Self.read(frame),
                    let moment = sent.removeValue(forKey: information.number)
                else { continue }
                trips.noteAnswer(
                    nanoseconds: Int(now.nanoseconds - moment.nanoseconds), clock: WallClock.nanoseconds,
                    otherClock: Int(information.clockNanoseconds))
                if isLast && sent.isEmpty { return }
            }
        }
        for _ in 0..<pace.count {
            let next = Deadline(afterMilliseconds: pace.intervalMilliseconds)
            let moment = MonotonicTime.now
            // A socket that takes none has questions enough.
            if let number = try sendQuestion() {
                sent[number] = moment
                trips.noteSent()
            }
            try take(until: next)
        }
        if !sent.isEmpty { try take(until: Deadline(afterMilliseconds: pace.latestMilliseconds), isLast: true) }
        return trips
    }

    /// What the kernel has counted on this connection; nil before the first answer, and for a socket file.
    var counters: TCPCounters? { connection.flatMap { TCPCounters(descriptor: $0) } }

    /// Sends a message to another doctor; false when the socket does not take it now.
    @discardableResult
    func send(_ message: PairMessage) throws(TransportError) -> Bool {
        try link.socket.send(frames: [message.encoded()])
    }

    /// Returns the question's number; nil when the socket does not take it now.
    private func sendQuestion() throws(TransportError) -> UInt64? {
        lastNumber += 1
        let question = WorkerMessage.inquiry(Inquiry(number: lastNumber))
        return try link.socket.send(frames: [ControlFrame.sealed(question.encoded())]) ? lastNumber : nil
    }

    /// The next frame; nil when none comes before the deadline.
    func nextFrame(until deadline: Deadline) throws -> [UInt8]? {
        while true {
            if let frames = try link.socket.receiveFrames() {
                guard frames.count == 1 else { continue }
                connection = link.socket.lastConnectionDescriptor ?? connection
                return frames[0]
            }
            guard try poller.wait(until: deadline) else { return nil }
            // Events of the connection would wake the poller again and again.
            while try link.monitor.next() != nil {}
        }
    }

    /// The answer in a frame; nil for another message.
    private static func read(_ frame: [UInt8]) -> Result<Information?, MessageError> {
        guard let message = ControlFrame.opened(frame) else { return .success(nil) }
        do throws(MessageError) {
            guard case .information(let information) = try CoordinatorEnvelope(decoding: message).message else {
                return .success(nil)
            }
            return .success(information)
        } catch {
            return .failure(error)
        }
    }
}
