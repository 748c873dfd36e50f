import Coordination
import Transport

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
