internal import CPlatform
internal import CZeroMQ
package import Core
import Glibc
import Synchronization

/// The public keys that one listening socket admits. May be replaced at any time, from any thread; connections that
/// exist are not closed by that, so their frames have to be checked.
package final class AdmissionList: Sendable {
    /// A key that was refused, for the log.
    package struct Refusal: Sendable, Equatable {
        package var key: PublicKey
        package var address: String
    }

    /// Names the socket in libzmq's requests; unique in the process.
    let domain: String
    private let keys: Mutex<Set<PublicKey>>
    private let refused = Mutex<(count: UInt64, latest: Refusal?)>((0, nil))
    private static let lastNumber = Atomic<UInt64>(0)

    package init(_ keys: Set<PublicKey> = []) {
        domain = "selvedge-\(Self.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
        self.keys = Mutex(keys)
    }

    package func replace(with keys: Set<PublicKey>) {
        update { $0 = keys }
    }

    /// Changes the keys. Connections that are made meanwhile wait for the end of it.
    package func update(_ change: (inout Set<PublicKey>) -> Void) {
        keys.withLock { change(&$0) }
    }

    /// How many connections were refused, and the latest.
    package var refusals: (count: UInt64, latest: Refusal?) { refused.withLock { $0 } }

    func admits(_ key: PublicKey, from address: String) -> Bool {
        if keys.withLock({ $0.contains(key) }) { return true }
        refused.withLock { $0 = ($0.count + 1, Refusal(key: key, address: address)) }
        return false
    }
}

/// Answers libzmq's question who may connect to the CURVE sockets of a context: the handler of ZAP (RFC 27).
///
/// A thread of its own answers from memory and does nothing else, so that neither a long step nor a flood of
/// connections delays a handshake. It runs from before the first such socket listens until the context ends. Without it
/// libzmq refuses all connections, because every such socket enforces its domain.
final class Authenticator: Sendable {
    private let lists = Mutex<[String: WeakList]>([:])
    private let thread = Mutex<pthread_t?>(nil)
    /// When the thread last waited for requests, in milliseconds; 0 after its end.
    private let lastWait = Atomic<UInt64>(MonotonicTime.now.milliseconds)

    private static let threadName = "admission"

    /// The thread notes at least so often that it waits.
    private static let noteMilliseconds: Int32 = 250
    /// The thread takes no longer than that to end.
    private static let endMilliseconds = 2000

    private struct WeakList {
        weak var list: AdmissionList?
    }

    /// Starts the thread in a context. Throws when another handler runs there.
    init(context: UnsafeMutableRawPointer) throws(TransportError) {
        guard let socket = zmq_socket(context, ZMQ_REP) else { throw .current("create", "the socket of ZAP") }
        guard zmq_bind(socket, "inproc://zeromq.zap.01") == 0 else {
            let error = TransportError.current("listen on", "the address of ZAP")
            zmq_close(socket)
            throw error
        }
        var milliseconds = Self.noteMilliseconds
        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &milliseconds, MemoryLayout<Int32>.size)
        // Starting a thread orders all memory, so the socket may move to it.
        let work = Unmanaged.passRetained(Work(socket: socket, authenticator: self))
        var started = pthread_t()
        let status = pthread_create(&started, nil, { Authenticator.run($0) }, work.toOpaque())
        guard status == 0 else {
            work.release()
            zmq_close(socket)
            throw .failed(operation: "start", endpoint: "the thread of ZAP", reason: systemErrorText(status))
        }
        thread.withLock { $0 = started }
    }

    /// Waits for the thread's end, which follows the context's shutdown. False where it hangs: then it keeps its socket.
    func join() -> Bool {
        let deadline = Deadline(afterMilliseconds: Self.endMilliseconds)
        while lastWait.load(ordering: .relaxed) != 0 {
            guard !deadline.hasPassed else { return false }
            usleep(1000)
        }
        let running = thread.withLock { $0.take() }
        if let running { pthread_join(running, nil) }
        return true
    }

    /// How long the thread has not waited for requests; nil after its end.
    func silenceMilliseconds(now: UInt64) -> UInt64? {
        let last = lastWait.load(ordering: .relaxed)
        return last == 0 ? nil : now - min(now, last)
    }

    func register(_ list: AdmissionList) {
        lists.withLock { lists in
            lists = lists.filter { $0.value.list != nil }
            lists[list.domain] = WeakList(list: list)
        }
    }

    // MARK: The thread

    private final class Work {
        let socket: UnsafeMutableRawPointer
        let authenticator: Authenticator

        init(socket: UnsafeMutableRawPointer, authenticator: Authenticator) {
            self.socket = socket
            self.authenticator = authenticator
        }
    }

    private static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        selvedge_name_thread(threadName)
        // Signals belong to the threads that wait for them.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        let authenticator = work.authenticator
        while let request = authenticator.receive(work.socket) {
            guard send(authenticator.reply(to: request), work.socket) else { break }
        }
        authenticator.lastWait.store(0, ordering: .relaxed)
        zmq_close(work.socket)
        return nil
    }

    /// The frames of the next request; nil when the context ends.
    private func receive(_ socket: UnsafeMutableRawPointer) -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        repeat {
            lastWait.store(MonotonicTime.now.milliseconds, ordering: .relaxed)
            while zmq_msg_recv(&message, socket, 0) < 0 {
                guard [selvedge_interrupted, selvedge_again].contains(zmq_errno()) else { return nil }
                lastWait.store(MonotonicTime.now.milliseconds, ordering: .relaxed)
            }
            let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))
            if frames.count < ZAPRequest.frameCount { frames.append(Array(bytes)) }
        } while zmq_msg_more(&message) != 0
        return frames
    }

    private static func send(_ frames: [[UInt8]], _ socket: UnsafeMutableRawPointer) -> Bool {
        for (index, frame) in frames.enumerated() {
            let flags = index + 1 < frames.count ? ZMQ_SNDMORE : 0
            while zmq_send(socket, frame, frame.count, flags) < 0 {
                guard zmq_errno() == selvedge_interrupted else { return false }
            }
        }
        return true
    }

    private func reply(to frames: [[UInt8]]) -> [[UInt8]] {
        guard let request = ZAPRequest(frames) else { return ZAPRequest.refusal(of: frames, "not a CURVE request") }
        guard let list = lists.withLock({ $0[request.domain]?.list }), list.admits(request.key, from: request.address)
        else { return ZAPRequest.refusal(of: frames, "this key is not admitted") }
        return request.admission
    }
}

/// A request of libzmq to its ZAP handler: version, number, domain, address, routing identifier, mechanism, and for
/// CURVE the peer's public key.
struct ZAPRequest: Equatable {
    static let frameCount = 7
    private static let version = Array("1.0".utf8)

    let number: [UInt8]
    let domain: String
    let address: String
    let key: PublicKey

    /// Nil for another version or mechanism.
    init?(_ frames: [[UInt8]]) {
        guard frames.count == Self.frameCount, frames[0] == Self.version, frames[5] == Array("CURVE".utf8),
            let key = PublicKey(bytes: frames[6])
        else { return nil }
        number = frames[1]
        domain = String(decoding: frames[2], as: UTF8.self)
        address = String(decoding: frames[3], as: UTF8.self)
        self.key = key
    }

    /// Admits the peer; the key becomes the User-Id of all its frames.
    var admission: [[UInt8]] {
        [Self.version, number, Array("200".utf8), Array("OK".utf8), Array(key.description.utf8), []]
    }

    /// Refuses for good: the peer receives an error instead of silence.
    static func refusal(of frames: [[UInt8]], _ reason: String) -> [[UInt8]] {
        [version, frames.count > 1 ? frames[1] : [], Array("400".utf8), Array(reason.utf8), [], []]
    }
}
