import Core
import Testing

@testable import Coordination

/// A newcomer with false reports: the run continues as without it.
@Suite("A foreign worker among honest ones")
struct StrangerScenarios {
    private static let connection = ConnectionIdentifier([0, 77])
    private static let digest = SampleMessages.digest(77)
    private static let far = Position(rounds: 1_000_000, completedSteps: 1_000_000, completedEpochs: 7)

    private static func hello(
        name: String = "stranger", _ cluster: SimulatedCluster, generation: UInt64? = nil
    ) -> WorkerMessage {
        var hello = SampleMessages.hello
        (hello.name, hello.host, hello.inboxAddress) = (name, "elsewhere", "tcp://elsewhere:\(name.count)")
        hello.experimentDigest = nil
        if let generation {
            let job = JobIdentifier(high: 1, low: cluster.options.seed)
            hello.attachment = Attachment(job: job, generation: generation, holdsState: true)
        }
        return .hello(hello)
    }

    /// Sends messages in a run that trains, and others whenever the coordinator forms another view.
    private func run(
        then answers: @escaping (SimulatedCluster) -> [WorkerMessage] = { _ in [] },
        sending words: @escaping (SimulatedCluster) -> [WorkerMessage]
    ) throws -> SimulatedCluster {
        let cluster = try longRun { $0.ownerLimit = 5 }
        func send(_ messages: [WorkerMessage]) {
            for message in messages {
                let process = cluster.coordinator
                cluster.on(process) {
                    let now = process.clock.local(cluster.now)
                    let actions = process.machine.received(message.encoded(), from: Self.connection, now: now)
                    cluster.perform(actions, of: process)
                }
            }
        }
        cluster.at(500) { send(words(cluster)) }
        for time in stride(from: UInt64(600), to: 4000, by: 100) { cluster.at(time) { send(answers(cluster)) } }
        cluster.expectCompletion()
        return cluster
    }

    private static func ready(_ position: Position, generation: UInt64 = 0) -> WorkerMessage {
        .ready(Ready(generation: generation, position: position, stateDigest: digest))
    }

    @Test func `that reports a position far ahead is evicted`() throws {
        let cluster = try run { [Self.hello($0), Self.ready(Self.far)] }
        #expect(cluster.warned("which is impossible"))
        #expect(cluster.views.count == 1)
    }

    @Test func `that returns from far ahead decides nothing`() throws {
        let cluster = try run(
            then: {
                let generation = $0.coordinator.machine.membership.generation
                return [.progress(Progress(generation: generation, completedSteps: 0, phase: .waiting, counter: 1))]
            }, sending: { [Self.hello($0, generation: 1), Self.ready(Self.far, generation: 1)] })
        #expect(cluster.views.values.allSatisfy { $0.position.completedSteps < 2000 })
    }

    @Test func `that holds another state at the same step does not end the run`() throws {
        _ = try run(
            then: { cluster in
                let machine = (
                    cluster.coordinator.machine.membership.generation, cluster.coordinator.machine.membership.view
                )
                guard let position = machine.1?.position else { return [] }
                return [Self.ready(position, generation: machine.0)]
            }, sending: { [Self.hello($0, generation: 1), Self.ready(.start, generation: 1)] })
    }

    @Test func `that reports invented epochs is ignored`() throws {
        let cluster = try run { cluster in
            let next = cluster.coordinator.machine.ledger.completedEpochs + 1
            return [Self.hello(cluster)]
                + (next...next + 9).map {
                    .epochEnded(
                        EpochEnded(
                            epoch: $0, completedSteps: 1, row: [1], stateDigest: Self.digest, bestImproved: true))
                }
        }
        #expect(cluster.records.count == 200)
    }

    @Test func `that fails again and again does not end the run`() throws {
        let failure = WorkerFailure(generation: 1, kind: .internal, message: "no memory")
        let cluster = try run { cluster in
            (0..<9).flatMap { [Self.hello(name: "stranger-\($0)", cluster), .failed(failure)] }
        }
        #expect(cluster.warned("stranger-8", "no memory"))
    }

    @Test func `that reports a later generation delays no worker`() throws {
        let cluster = try run { [Self.hello($0, generation: $0.coordinator.machine.membership.generation + 9)] }
        #expect(!cluster.logs.contains { $0.text.contains("made no progress") })
        #expect(cluster.logs.contains { $0.text.contains("'stranger' joined") })
    }

    @Test(arguments: [1 << 21, WireLimits.largestNumber]) func `that claims an absurd generation is refused`(
        generation: UInt64
    ) throws {
        let cluster = try run { [Self.hello($0, generation: generation)] }
        #expect(cluster.warned("refused", "generation"))
    }

    @Test func `that claims to hold a state before any view was journalled holds none`() throws {
        let cluster = try longRun()
        cluster.at(1) {
            let claim = Self.hello(cluster, generation: 1)
            cluster.perform(
                cluster.coordinator.machine.received(claim, from: Self.connection, now: cluster.now),
                of: cluster.coordinator)
        }
        cluster.expectCompletion()
        #expect(!cluster.logs.contains { $0.text.contains("joined with the state it holds") })
    }

    @Test func `with the inbox of another worker is refused`() throws {
        let cluster = try longRun()
        var hello = SampleMessages.hello
        (hello.name, hello.experimentDigest) = ("stranger", nil)
        hello.inboxAddress = cluster.workers[0].hello.inboxAddress
        cluster.at(500) {
            _ = cluster.coordinator.machine.received(.hello(hello), from: Self.connection, now: cluster.now)
        }
        cluster.expectCompletion()
        #expect(cluster.refusals.map(\.refusal.kind) == [.duplicate])
        #expect(cluster.refusals.first?.refusal.reason.contains("with the inbox") == true)
    }

    @Test func `that floods the coordinator with what cannot be read fills no log`() throws {
        let cluster = try longRun()
        cluster.at(500) {
            for _ in 0..<1000 {
                let process = cluster.coordinator
                cluster.perform(
                    process.machine.received([1, 2, 3], from: Self.connection, now: cluster.now), of: process)
            }
        }
        cluster.expectCompletion()
        #expect(cluster.logs.count { $0.text.contains("ignored a message") } == 10)
    }

    @Test func `a name with line breaks stays one line`() throws {
        var hello = SampleMessages.hello
        hello.name = "a\nb\u{1B}[2Jc"
        let bytes = WorkerMessage.hello(hello).encoded()
        guard case .hello(let read) = try WorkerMessage(decoding: bytes) else {
            Issue.record("another message")
            return
        }
        #expect(read.name == "a b [2Jc")
        var raw = WorkerMessage.hello(SampleMessages.hello).encoded()
        raw[13] = 10
        #expect(throws: MessageError.invalid(field: "name")) { try WorkerMessage(decoding: raw) }
    }
}
