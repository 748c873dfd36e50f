import Coordination
import Core
import Transport

/// Lets the workers of a launched job go when the run is complete: no coordinator leads it, and they would wait for one.
///
/// Only workers that have not been welcomed are answered: there are no others.
struct Dismissal {
    private let socket: ZeroMQSocket
    /// The keys that the socket admits; nil without keys.
    private let admittedKeys: AdmittedKeys?
    private let signals: SignalDescriptor
    private let poller = Poller(capacity: 2)

    /// A launcher starts all ranks at about the same time.
    private static let limitMilliseconds = 10_000

    init(socket: ZeroMQSocket, admittedKeys: AdmittedKeys?, signals: SignalDescriptor) {
        self.socket = socket
        self.admittedKeys = admittedKeys
        self.signals = signals
        poller.add(socket)
        poller.add(descriptor: signals.descriptor)
    }

    /// Answers until so many workers were let go, a signal asks for the end, or the time is over.
    func dismiss(_ count: Int) throws(TransportError) {
        let deadline = Deadline(afterMilliseconds: Self.limitMilliseconds)
        var names: Set<String> = []
        while names.count < count, !deadline.hasPassed, signals.next() == nil {
            _ = try poller.wait(until: deadline)
            while let (frames, sender) = try socket.receiveMessage() {
                guard frames.count == 2, admittedKeys?.admits(sender) ?? true,
                    let message = ControlFrame.opened(frames[1]),
                    case .hello(let hello)? = try? WorkerMessage(decoding: message)
                else { continue }
                let end = CoordinatorEnvelope(
                    sender: .preparing, message: .end(reason: "every step of the run is complete"))
                // A worker that is gone again needs no answer.
                _ = try? socket.send(frames: [frames[0], ControlFrame.sealed(end.encoded())])
                names.insert(hello.name)
            }
        }
    }
}
