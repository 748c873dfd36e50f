import Core
import Glibc
import Training
import Transport

@testable import Cluster
@testable import Coordination

/// Connections with a valid key that introduce new processes as fast as the coordinator reads: ones that leave at once, ones
/// that are refused, and ones that take the name of a worker.
final class HelloFlood {
    private(set) var sentCount = 0
    /// Messages of the coordinator.
    private(set) var answerCount = 0
    /// Why a process was refused because too many have joined.
    private(set) var crowdRefusal: String?
    private var departureCount = 0

    private let context: ZeroMQContext
    private let sockets: [ZeroMQSocket]
    private let inboxKeys: [PublicKey]
    private let takenName: String
    private let onlyLeaves: Bool
    private static let connectionCount = 40
    /// Processes that leave at once. With many more of them the coordinator would refuse the other worker too.
    private static let departureLimit = 5000

    /// `takenName` is that of a worker of the run. With `onlyLeaves` all processes join and leave at once.
    init(_ address: String, keys: WorkerKeys, takenName: String, onlyLeaves: Bool = false) throws {
        self.onlyLeaves = onlyLeaves
        context = try ZeroMQContext()
        self.takenName = takenName
        inboxKeys = try (0..<Self.connectionCount).map { _ in try KeyPair().publicKey }
        let endpoint = try Endpoint(parsing: address)
        sockets = try (0..<Self.connectionCount).map { [context] _ in
            var options = SocketOptions()
            options.security = .connecting(keys.pair, to: keys.coordinators[0])
            let socket = try ZeroMQSocket(context, .dealer, options: options)
            try socket.connect(endpoint)
            return socket
        }
    }

    /// Sends until it is enough, or the time is over.
    func run(seconds: Int, until isEnough: () throws -> Bool) throws {
        let end = Deadline(afterMilliseconds: seconds * 1000)
        while !end.hasPassed, try !isEnough() {
            let before = sentCount
            for (number, socket) in sockets.enumerated() {
                while let frames = try socket.receiveFrames() { try take(frames) }
                let leaves = onlyLeaves || number.isMultiple(of: 2)
                if leaves && !onlyLeaves {
                    guard departureCount < Self.departureLimit else { continue }
                    departureCount += 1
                }
                try send(.hello(hello(of: number)), socket)
                if leaves { try send(.goodbye, socket) }
            }
            if sentCount == before { usleep(1000) }
        }
    }

    private func take(_ frames: [[UInt8]]) throws {
        answerCount += 1
        guard let bytes = ControlFrame.opened(frames[0]),
            case .refused(let refusal) = try CoordinatorEnvelope(decoding: bytes).message, refusal.kind == .tooMany
        else { return }
        crowdRefusal = refusal.reason
    }

    func close() {
        for socket in sockets { socket.close() }
    }

    private func send(_ message: WorkerMessage, _ socket: ZeroMQSocket) throws {
        if try socket.send(frames: [ControlFrame.sealed(message.encoded())]) { sentCount += 1 }
    }

    /// Another process each time.
    private func hello(of number: Int) -> Hello {
        let kind = onlyLeaves ? 0 : number % 4
        var hello = Hello(
            name: kind == 3 ? takenName : "flood \(number)", nonce: .random(), host: HostName.current,
            hostIdentifier: .current, processSpace: ProcessSpace(high: 6, low: 6), processIdentifier: 6, build: "6",
            arithmeticVersion: UInt32(Arithmetic.version) + (kind == 1 ? 1 : 0), instructionSet: "portable",
            dataDigests: [], inboxAddress: "tcp://127.0.0.1:\(20_000 + number)", threadCount: 1)
        hello.inboxKey = inboxKeys[number]
        return hello
    }
}
