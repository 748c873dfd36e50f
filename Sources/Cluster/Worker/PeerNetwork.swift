import Collectives
import Coordination
import Core
import NeuralNetwork
import Training
import Transport

/// A worker's side of the network between workers: one inbox for life, and new connections for each view.
///
/// Belongs to the compute thread.
final class PeerNetwork {
    private let context: ZeroMQContext
    private let inbox: Inbox
    /// Made for this process alone: the key of its inbox and of its frames; nil without keys.
    private let keys: KeyPair?
    private let announcedSuffix: String
    private let host: UInt32
    private let threadCount: Int
    private let held = HeldFrames(capacity: PeerNetwork.heldFrameCapacity)
    /// The inboxes of the latest view's members, by rank.
    private var inboxes: [String] = []
    /// Inboxes to which a link broke and was not made again.
    private var brokenInboxes: Set<String> = []
    /// The run of all frames; set with the welcome.
    var job = JobIdentifier(high: 0, low: 0)

    /// More than all frames that the other workers of a full view send in one step.
    private static let heldFrameCapacity = 1 << 14

    /// Binds the inbox beside the coordinator's socket file, or at a port of the interface that leads there: the one of the
    /// settings, or a free one.
    init(_ context: ZeroMQContext, settings: WorkerSettings) throws {
        self.context = context
        host = UInt32(truncatingIfNeeded: settings.hostIdentifier.high ^ settings.hostIdentifier.low)
        announcedSuffix = settings.announcedSuffix
        threadCount = settings.threadCount
        let endpoint = try Self.inboxEndpoint(settings)
        try endpoint.checkAccess(hasKeys: settings.keys != nil, isInsecure: settings.isInsecure)
        keys = try settings.keys.map { _ in try KeyPair() }
        inbox = try Inbox(context, at: endpoint, options: Self.options, keys: keys, origin: FrameOrigin.init(header:))
    }

    /// Bounds the bytes that a peer may send before they are taken. A peer sends a few node sums of each element a
    /// step, may be two steps ahead, and a state is a few times as long as the parameters.
    func expect(parameterCount: Int) {
        let byteCount = MemoryLayout<Float>.size * parameterCount
        UnreadBytes.limit(toByteCount: UnreadBytes.smallLimit + 32 * byteCount)
    }

    /// Makes a poller wake when frames arrive.
    func watch(_ poller: Poller) {
        poller.add(inbox)
    }

    /// Where other workers reach this one.
    var inboxAddress: String { inbox.endpoint.description + announcedSuffix }

    /// The key of the inbox, for HELLO; nil without keys.
    var inboxKey: PublicKey? { keys?.publicKey }

    private static var options: SocketOptions {
        .data(highWaterMark: 4096, maximumPayloadByteCount: 1 << 20)
    }

    private static func inboxEndpoint(_ settings: WorkerSettings) throws -> Endpoint {
        switch try Endpoint(parsing: settings.coordinatorAddress) {
        case .ipc(let path): return .ipc(path: inboxPath(besides: path, name: settings.name))
        case .inproc(let name): return .inproc(name: "\(name)-\(settings.name)")
        case .tcp(let host, let port):
            let address = try NetworkAddresses.inbox(interface: settings.interface, coordinator: host, port: port)
            return .tcp(host: address, port: settings.inboxPort ?? 0)
        }
    }

    /// The socket file of a worker's inbox, beside the coordinator's.
    static func inboxPath(besides path: String, name: String) -> String { "\(path)-\(name)" }

    /// Connects to the members of a view. Each has bound its inbox before its HELLO. Members of this host then exchange
    /// their frames through memory, unless the settings ask for sockets.
    func connect(
        to view: View, rank: Int, channel: ComputeChannel, settings: RunSettings = RunSettings()
    ) throws -> PeerConnection {
        let peerKeys = try self.peerKeys(in: view)
        inbox.enter(generation: view.generation, keys: peerKeys?.inboxes ?? [])
        if view.members.count == 1 {
            return PeerConnection(transport: nil, held: held, job: job, view: view, rank: rank)
        }
        inboxes = view.members.map(\.inboxAddress)
        let endpoints = try view.members.map { try endpoint(of: $0) }
        let memberCount = view.members.count { $0.hostNumber == view.members[rank].hostNumber }
        // If all members of this host have as many compute threads as this worker.
        let spins = ThreadScheduling.hasProcessors(forThreads: memberCount * threadCount)
        let transport: ZeroMQFrameTransport
        do throws(PeerLinkError) {
            transport = try ZeroMQFrameTransport(
                context, rank: rank, endpoints: endpoints, options: Self.options, inbox: inbox,
                interrupt: channel.interrupt, keys: peerKeys, spins: spins)
        } catch {
            throw ExchangeError(.linkLost(rank: error.rank))
        }
        try waitUntilConnected(transport, rank: rank)
        let memory = try link(transport, view, rank: rank, settings)
        return PeerConnection(
            transport: HostFrameTransport(
                sockets: transport, memory: memory, disturbance: channel.faults.map { DisturbedFrames($0) }),
            held: held, job: job, view: view, rank: rank, usesMemory: settings.transport != .zeromq,
            sharesMemory: memory.map { Self.reachesHost($0, view, rank: rank) } ?? false)
    }

    /// Waits for the links of a view. One that broke before has less time to be made.
    private func waitUntilConnected(_ transport: ZeroMQFrameTransport, rank: Int) throws {
        let deadline = Deadline(afterMilliseconds: Self.linkMilliseconds)
        var outcome = WaitOutcome.timedOut
        if inboxes.contains(where: brokenInboxes.contains) {
            outcome = try transport.waitUntilConnected(deadline: Deadline(afterMilliseconds: Self.relinkMilliseconds))
            if case .timedOut = outcome,
                let lost = transport.unconnectedRanks.first(where: { brokenInboxes.contains(inboxes[$0]) })
            {
                throw ExchangeError(.linkLost(rank: lost))
            }
        }
        if case .timedOut = outcome { outcome = try transport.waitUntilConnected(deadline: deadline) }
        switch outcome {
        case .ready: brokenInboxes.subtract(inboxes)
        case .linkLost(let lost): throw ExchangeError(.linkLost(rank: lost))
        case .interrupted: throw ExchangeError(.interrupted)
        case .timedOut: throw ExchangeError(.linkLost(rank: transport.unconnectedRanks.first ?? rank))
        }
    }

    /// Remembers a link that broke.
    func note(_ error: ExchangeError) {
        guard case .linkLost(let rank) = error.cause, inboxes.indices.contains(rank) else { return }
        brokenInboxes.insert(inboxes[rank])
    }

    /// Whether memory reaches every other member of this worker's host.
    private static func reachesHost(_ memory: SharedMemoryPlane, _ view: View, rank: Int) -> Bool {
        memory.unreachedRanks.allSatisfy { view.members[$0].hostNumber != view.members[rank].hostNumber }
    }

    /// Offers memory to the members of this host; nil where frames go over sockets only.
    private func link(
        _ sockets: ZeroMQFrameTransport, _ view: View, rank: Int, _ settings: RunSettings
    ) throws -> SharedMemoryPlane? {
        guard settings.transport != .zeromq else { return nil }
        let plane = SharedMemoryPlane(
            job: job, generation: view.generation, rank: rank, rankCount: view.members.count,
            checksPayloads: settings.checksumsPayloads, host: host)
        let outcome = try plane.link(over: sockets, deadline: Deadline(afterMilliseconds: Self.linkMilliseconds)) {
            StateTransfer.hold($0, held, from: view.generation)
        }
        switch outcome {
        case .linkLost(let lost): throw ExchangeError(.linkLost(rank: lost))
        case .interrupted: throw ExchangeError(.interrupted)
        case .ready, .timedOut: break
        }
        guard settings.transport != .sharedMemory || plane.unreachedRanks.isEmpty else {
            let names = plane.unreachedRanks.map { view.members[$0].name }.joined(separator: ", ")
            throw ClusterError.noSharedMemory(with: names)
        }
        return plane
    }

    /// A member's address. It has the same kind as this worker's, because all use the coordinator's transport.
    ///
    /// Any other address counts as that member's fault.
    private func endpoint(of member: Member) throws(ExchangeError) -> Endpoint {
        guard let endpoint = try? Endpoint(parsing: member.inboxAddress), endpoint.isReachedLike(inbox.endpoint) else {
            throw ExchangeError(.linkLost(rank: member.rank))
        }
        return endpoint
    }

    /// The keys for the links of a view; nil without keys. A member without a key is at fault.
    private func peerKeys(in view: View) throws(ExchangeError) -> ZeroMQFrameTransport.Keys? {
        guard let keys else { return nil }
        var inboxes: [PublicKey] = []
        for member in view.members {
            guard let key = member.inboxKey else { throw ExchangeError(.linkLost(rank: member.rank)) }
            inboxes.append(key)
        }
        return ZeroMQFrameTransport.Keys(own: keys, inboxes: inboxes)
    }

    private static let linkMilliseconds = 3000
    /// For a link that broke: nothing has crossed it for some time already.
    private static let relinkMilliseconds = 1000
}

extension FrameOrigin {
    /// What the header of any frame between workers claims; nil for a damaged one.
    init?(header: SIMD8<UInt64>) {
        if let frame = try? withUnsafeBytes(of: header, { try FrameHeader(decoding: $0) }) {
            self.init(generation: frame.label.generation, sender: frame.label.sender)
        } else if let frame = StateFrame(header) {
            self.init(generation: frame.generation, sender: frame.sender)
        } else if let origin = SharedMemoryPlane.origin(ofOffer: header) {
            self = origin
        } else {
            return nil
        }
    }
}

/// A worker's links to the members of one view.
struct PeerConnection {
    /// Nil for a worker without peers.
    let transport: HostFrameTransport?
    let held: HeldFrames
    let job: JobIdentifier
    let view: View
    let rank: Int
    /// Whether members of one host exchange through memory where they can: equal for all members.
    var usesMemory = true
    /// Whether this one exchanges with all other members of its host through memory.
    var sharesMemory = false

    /// The exchange of gradients and statistics over these links; nil for a worker without peers.
    func exchange(trainer: TrainingReplica, board: ProgressBoard, isAudited: Bool = false) throws -> PeerExchange? {
        guard let transport else { return nil }
        return try PeerExchange(
            view: view, rank: rank, job: job, trainer: trainer, transport: transport, held: held, board: board,
            isAudited: isAudited, usesMemory: usesMemory)
    }

    /// Sends and receives whole states; nil for a worker without peers.
    var stateTransfer: StateTransfer? {
        transport.map { StateTransfer(job: job, generation: view.generation, rank: rank, transport: $0.sockets) }
    }
}
