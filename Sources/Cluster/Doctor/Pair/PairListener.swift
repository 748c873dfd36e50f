import Coordination
package import Core
package import Transport

/// Answers doctors of other hosts: their questions, as a coordinator does, and their measurements.
package final class PairListener {
    private let socket: ZeroMQSocket
    private let admitted: AdmissionList
    private let data: SHA256Digest?
    private let note: (String) -> Void
    private let poller = Poller(capacity: 3)
    private let signals: SignalDescriptor
    /// That of a doctor that another one has started.
    private var supervisor: SupervisorPipe?
    private var windows: [ConnectionIdentifier: PayloadWindow] = [:]
    private var callers: Set<ConnectionIdentifier> = []
    private var knownRefusalCount: UInt64 = 0
    /// Where it listens.
    package let address: String

    /// More measurements at a time would measure each other.
    private static let windowLimit = 16
    private static let callerLimit = 1024
    private static let connectMilliseconds = 3000

    /// Listens. `note` shows a line to the user. A supervised listener ends with its standard input.
    ///
    /// - Throws: an address that cannot be used, or that needs keys.
    package init(
        at address: String, keys: CoordinatorKeys?, isInsecure: Bool, data: SHA256Digest?, isSupervised: Bool,
        note: @escaping (String) -> Void
    ) throws {
        let named = try Endpoint(parsing: address)
        try named.checkAccess(hasKeys: keys != nil, isInsecure: isInsecure)
        self.data = data
        self.note = note
        // Before libzmq starts its threads, which must not take the signals.
        signals = try SignalDescriptor(signals: StopSignals.unsupervised)
        admitted = AdmissionList(keys?.admitted ?? [])
        var options = SocketOptions()
        if let keys { options.security = .listening(keys.pair, admitted) }
        socket = try ZeroMQSocket(ZeroMQContext(), .router, options: options)
        self.address = try socket.bind(NetworkAddresses.listening(at: named, hasKeys: keys != nil)).description
        poller.add(socket)
        poller.add(descriptor: signals.descriptor)
        guard isSupervised else { return }
        let pipe = SupervisorPipe()
        poller.add(descriptor: pipe.descriptor)
        supervisor = pipe
    }

    /// Answers until a signal asks for the end, and returns it; nil when the supervisor is gone.
    package func run() throws -> Int32? {
        while true {
            _ = try poller.wait(until: Deadline(afterMilliseconds: 100))
            if let signal = signals.next() { return signal }
            if SupervisorPipe.isReadable { _ = supervisor?.readLines() }
            if supervisor?.hasEnded ?? false { return nil }
            while let (connection, frame, descriptor) = try receive() {
                try take(frame, from: connection, descriptor: descriptor)
            }
            try sendPayloads()
            noteRefusals()
        }
    }

    private func receive() throws -> (ConnectionIdentifier, frame: [UInt8], descriptor: Int32?)? {
        while let frames = try socket.receiveFrames() {
            guard frames.count == 2 else { continue }
            return (ConnectionIdentifier(frames[0], key: nil), frames[1], socket.lastConnectionDescriptor)
        }
        return nil
    }

    private func take(_ frame: [UInt8], from connection: ConnectionIdentifier, descriptor: Int32?) throws {
        guard let message = PairMessage(decoding: frame) else {
            guard let bytes = ControlFrame.opened(frame) else { return }
            return try answer(bytes, to: connection)
        }
        switch message {
        case .connectBack(let host, let port):
            let reach = TCPReach.attempt(host: host, port: port, timeoutMilliseconds: Self.connectMilliseconds)
            try send(.connectedBack(reach), to: connection)
        case .payload(let byteCount): try send(.taken(byteCount: UInt32(clamping: byteCount)), to: connection)
        case .taken(let byteCount): windows[connection]?.noteTaken(byteCount: Int(byteCount), now: .now)
        case .sendPayloads(let milliseconds):
            if windows.count < Self.windowLimit {
                windows[connection] = PayloadWindow(milliseconds: Int(milliseconds), now: .now)
            } else {
                try send(.payloadsEnded, to: connection)
            }
        case .countersWanted:
            guard let counters = descriptor.flatMap({ TCPCounters(descriptor: $0) }) else { return }
            try send(.counters(counters), to: connection)
        case .connectedBack, .payloadsEnded, .counters: break
        }
    }

    private func answer(_ bytes: [UInt8], to connection: ConnectionIdentifier) throws {
        let answer: CoordinatorMessage
        do throws(MessageError) {
            guard case .inquiry(let inquiry) = try WorkerMessage(decoding: bytes) else { return }
            answer = .information(Information(answering: inquiry, program: .current, data: data.map { [$0] } ?? []))
            if callers.count < Self.callerLimit, callers.insert(connection).inserted {
                note("a doctor has connected, and measures")
            }
        } catch {
            guard case .otherVersion = error else { return }
            note("a doctor of another release has connected: \(error)")
            answer = .refused(Refusal(kind: .protocolVersion, reason: error.description))
        }
        let envelope = CoordinatorEnvelope(sender: .preparing, message: answer)
        _ = try? socket.send(frames: [connection.bytes, ControlFrame.sealed(envelope.encoded())])
    }

    @discardableResult
    private func send(_ message: PairMessage, to connection: ConnectionIdentifier) throws(TransportError) -> Bool {
        do {
            return try socket.send(frames: [connection.bytes, message.encoded()])
        } catch .peerGone {
            windows[connection] = nil
            return false
        }
    }

    private func sendPayloads() throws {
        for connection in windows.keys {
            while windows[connection]?.isOpen(now: .now) == true,
                try send(.payload(byteCount: PairMessage.payloadByteCount), to: connection)
            {
                windows[connection]?.noteSent()
            }
            guard windows[connection]?.isOver(now: .now) == true else { continue }
            windows[connection] = nil
            try send(.payloadsEnded, to: connection)
        }
    }

    private func noteRefusals() {
        let (count, latest) = admitted.refusals
        guard count > knownRefusalCount, let latest else { return }
        knownRefusalCount = count
        note("refused a connection from \(escaped(latest.address, limit: 60)): its key is not in the key file")
    }
}
