import Collectives
import Coordination
import Core
import Experiments
import Foundation
import Glibc
import NeuralNetwork
import Training
import Transport

@testable import Cluster

/// A worker that joins a run with valid keys, and in its view sends gradients in the name of the owners, or large
/// frames of generations that no view of the run will have.
///
/// It computes nothing: it claims to be at the start of the run, so that the coordinator makes it a learner and sends
/// it the view.
final class HostileMember {
    enum Attack {
        case otherNames, farGenerations
    }

    /// Frames of the attack that were sent.
    private(set) var forgedFrameCount = 0
    /// Members that accepted the connection of this one.
    private(set) var reachedMemberCount = 0

    private let attack: Attack
    private let context: ZeroMQContext
    private let control: ZeroMQSocket
    private let inbox: Inbox
    /// Of its inbox; nil without keys.
    private let pair: KeyPair?
    private let hello: Hello
    private var welcome: Welcome?
    private var job = JobIdentifier(high: 0, low: 0)
    private var counter: UInt64 = 0
    private var isOver = false
    /// The other members of its view.
    private var others: [Member] = []
    /// To the members. Kept to the end: a socket that is closed drops what it has not sent.
    private var links: [ZeroMQSocket] = []

    /// One for the process, as libzmq wants it.
    private static let sharedContext = try? ZeroMQContext()
    private static let options = SocketOptions.data(highWaterMark: 4096, maximumPayloadByteCount: 1 << 20)
    private static let forgedRounds = stride(from: UInt64(4000), to: 0, by: -10)
    private static let farFrameCount = 60
    private static let farElementCount = 1 << 18
    private static let digest = SHA256Digest(of: [1])

    /// Connects to a coordinator; nothing is sent before `run`.
    init(_ address: String, keys: WorkerKeys?, attack: Attack = .otherNames) throws {
        self.attack = attack
        guard let context = Self.sharedContext else { throw Selvedge.Failure(description: "no context") }
        self.context = context
        pair = try keys.map { _ in try KeyPair() }
        inbox = try Inbox(context, at: .tcp(host: "127.0.0.1", port: 0), options: Self.options, keys: pair)
        var options = SocketOptions()
        if let keys { options.security = .connecting(keys.pair, to: keys.coordinators[0]) }
        control = try ZeroMQSocket(context, .dealer, options: options)
        try control.connect(Endpoint(parsing: address))
        var hello = Hello(
            name: "hostile", nonce: ProcessNonce(high: 6, low: 6), host: HostName.current,
            hostIdentifier: .current, processSpace: ProcessSpace(high: 6, low: 6),
            processIdentifier: 6, build: "6", arithmeticVersion: UInt32(Arithmetic.version), instructionSet: "portable",
            dataDigests: [], inboxAddress: inbox.endpoint.description, threadCount: 1)
        hello.inboxKey = pair?.publicKey
        self.hello = hello
    }

    /// Takes part until the coordinator sends it away, or for so many seconds.
    func run(seconds: Int) throws {
        let end = Deadline(afterMilliseconds: seconds * 1000)
        let poller = Poller(capacity: 1)
        poller.add(control)
        while !isOver, !end.hasPassed {
            counter += 1
            send(
                welcome == nil
                    ? .hello(hello)
                    : .progress(Progress(generation: 0, completedSteps: 0, phase: .waiting, counter: counter)))
            guard try poller.wait(until: Deadline(afterMilliseconds: 100)) else { continue }
            while let frames = try control.receiveFrames() {
                guard let bytes = ControlFrame.opened(frames[0]) else { continue }
                let envelope = try CoordinatorEnvelope(decoding: bytes)
                job = envelope.sender.job
                try take(envelope.message)
            }
        }
    }

    /// Whether the others accept no connection of it any more: it was evicted, and they learn that with the next view.
    func isShutOut(withinSeconds seconds: Int) throws -> Bool {
        let end = Deadline(afterMilliseconds: seconds * 1000)
        while !end.hasPassed {
            if try others.allSatisfy({ try link(to: $0) == nil }) { return true }
        }
        return false
    }

    private func send(_ message: WorkerMessage) {
        _ = try? control.send(frames: [ControlFrame.sealed(message.encoded())])
    }

    private func take(_ message: CoordinatorMessage) throws {
        switch message {
        case .welcome(let welcome):
            self.welcome = welcome
            send(.ready(Ready(generation: 0, position: .start, stateDigest: Self.digest)))
        case .reconfigure(let generation):
            send(.ready(Ready(generation: generation, position: .start, stateDigest: Self.digest)))
        case .view(let view):
            // The owners reach it, and train: they do not wait until it reports a state, which it cannot know.
            inbox.enter(generation: view.generation, keys: view.members.compactMap(\.inboxKey))
            if forgedFrameCount == 0 { try attack(view) }
        case .refused, .end, .abort: isOver = true
        default: break
        }
    }

    // MARK: The attack

    private func attack(_ view: View) throws {
        guard let welcome, view.members.contains(where: { $0.name == hello.name }) else { return }
        let experiment = try Experiment(yaml: welcome.experiment, source: "the run")
        let model = try Model(experiment.model, loss: experiment.loss)
        // As the owners do over sockets: a frame of another plan is refused before its sender is checked.
        let ownership = try view.ownership(microBatchCount: experiment.microBatchCount, usesMemory: false)
        let numbers = AgreementCounter(model.agreedSumCounts)
        numbers.done = model.agreedSumCounts.count
        others = view.members.filter { $0.name != hello.name }
        for receiver in others {
            guard let link = try link(to: receiver) else { continue }
            reachedMemberCount += 1
            links.append(link)
            if attack == .farGenerations { continue }
            for sender in view.members where !sender.isLearner && sender.rank != receiver.rank {
                let configuration = AllReduceConfiguration(
                    job: job, generation: view.generation, rank: sender.rank, ownership: ownership,
                    buckets: model.buckets, statisticsWidth: 3)
                // Of rounds that come later, the last first: hundreds are over before the connection is made.
                for round in Self.forgedRounds {
                    let number = numbers.number(ofRound: Int(view.position.rounds + round))
                    try forge(configuration, step: number, to: receiver.rank, link)
                }
            }
        }
        if attack == .farGenerations { try sendFar(view) }
    }

    private func link(to member: Member) throws -> ZeroMQSocket? {
        var options = Self.options
        if let pair, let key = member.inboxKey { options.security = .connecting(pair, to: key) }
        // The member may not have the view yet.
        for _ in 0..<20 {
            let socket = try ZeroMQSocket(context, .push, options: options)
            try socket.connect(Endpoint(parsing: member.inboxAddress))
            let poller = Poller(capacity: 1)
            poller.add(socket, forSending: true)
            if try poller.wait(until: Deadline(afterMilliseconds: 100)) { return socket }
        }
        return nil
    }

    /// Sends large frames in its own name, as if they arrived long before their views, and takes part no longer. The
    /// pauses let the members read.
    private func sendFar(_ view: View) throws {
        guard let own = view.members.first(where: { $0.name == hello.name }) else { return }
        let payload = Array(repeating: Float(1), count: Self.farElementCount)
        for number in 1...Self.farFrameCount {
            let label = FrameLabel(
                kind: .contribution, job: job, generation: view.generation + 1000 * UInt64(number),
                step: view.position.rounds, bucket: 0, elementOffset: 0, elementCount: payload.count,
                sender: own.rank, node: 0)
            for link in links { try send(label, payload, link) }
            usleep(10_000)
        }
        usleep(500_000)
        isOver = true
    }

    /// Sends all gradients that the configuration's rank would send to another in a step, with other numbers. False
    /// statistics would give the step away.
    private func forge(
        _ configuration: AllReduceConfiguration, step: UInt64, to receiver: Int, _ link: ZeroMQSocket
    ) throws {
        let layout = configuration.layout(batchSize: configuration.ownership.microBatchCount)
        var machine = AllReduceMachine(job: configuration.job, generation: configuration.generation, layout: layout)
        machine.begin(step: step, layout: layout)
        for bucket in configuration.buckets.indices { machine.bucketReady(bucket) }
        machine.statisticsReady()
        while let action = machine.nextAction() {
            switch action {
            case .sendContribution(let bucket, let elements, _, let node, let destination)
            where destination.ranks.contains(receiver):
                let label = configuration.label(
                    .contribution, step: step, bucket: bucket, elements: elements, node: node)
                try send(label, Array(repeating: Float(1e-3), count: elements.count), link)
            default: break
            }
        }
    }

    private func send<Element: BitwiseCopyable>(
        _ label: FrameLabel, _ payload: [Element], _ link: ZeroMQSocket
    ) throws {
        let bytes = payload.withUnsafeBytes { Array($0) }
        var frame = [UInt8](repeating: 0, count: FrameHeader.byteCount)
        let header = FrameHeader(label, payloadChecksum: CRC32C.checksum(bytes))
        frame.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { header.encode(into: start) }
        }
        if try link.send(frames: [frame + bytes]) { forgedFrameCount += 1 }
    }
}
