import Testing

@testable import Coordination

@Suite("Refusals")
struct RefusalTests {
    private let connection = ConnectionIdentifier([0, 77])

    /// What the coordinator answers to a HELLO, after `worker-0` and `worker-1` of the options have joined.
    private func refusal(of hello: Hello) throws -> Refusal? {
        var options = SimulatedCluster.Options()
        options.workerCount = 3
        let cluster = try SimulatedCluster(options)
        var answer: Refusal?
        cluster.at(60) {
            let process = cluster.coordinator
            let actions = process.machine.received(.hello(hello), from: connection, now: cluster.now)
            for case .send(.refused(let refusal), to: connection) in actions {
                answer = refusal
            }
        }
        cluster.at(61) { cluster.interrupt() }
        cluster.run()
        return answer
    }

    private func hello(_ adjust: (inout Hello) -> Void) -> Hello {
        var hello = SampleMessages.hello
        hello.name = "late"
        hello.experimentDigest = nil
        adjust(&hello)
        return hello
    }

    @Test func `a worker that fits is not refused`() throws {
        #expect(try refusal(of: hello { _ in }) == nil)
    }

    @Test func `an inbox of the loopback interface is refused beside a worker of another host`() throws {
        let elsewhere = HostIdentifier(high: 99, low: 99)
        let refused = try refusal(
            of: hello { hello in
                hello.hostIdentifier = elsewhere
                hello.inboxAddress = "tcp://[::1]:5555"
            })
        #expect(refused?.kind == .unreachableInbox)
        #expect(refused?.reason.contains("tcp://[::1]:5555 of worker 'late'") == true)
        #expect(
            try refusal(
                of: hello { hello in
                    hello.hostIdentifier = elsewhere
                    hello.inboxAddress = "tcp://10.0.0.9:5555"
                }) == nil)
    }

    @Test func `the line names the worker whose inbox is hidden, whichever comes second`() {
        var (hidden, distant) = (hello { $0.name = "hidden" }, hello { $0.name = "distant" })
        hidden.inboxAddress = "tcp://127.0.0.1:5555"
        distant.hostIdentifier = HostIdentifier(high: 99, low: 99)
        distant.inboxAddress = "tcp://10.0.0.9:5555"
        for (one, other) in [(hidden, distant), (distant, hidden)] {
            #expect(InboxReach.problem(of: one, among: [other])?.contains("start 'hidden' with") == true)
        }
        #expect(InboxReach.problem(of: hidden, among: [hidden]) == nil)
        var container = hidden
        container.host = "pod"
        #expect(InboxReach.problem(of: container, among: [hidden]) != nil)
        hidden.inboxAddress = "tcp://10.0.0.8:5555"
        #expect(InboxReach.problem(of: hidden, among: [distant]) == nil)
    }

    @Test func `another arithmetic is refused with both versions`() throws {
        let refusal = try refusal(of: hello { $0.arithmeticVersion = 2 })
        #expect(refusal?.kind == .arithmeticVersion)
        #expect(refusal?.reason.contains("version 2, this run needs version 3") == true)
    }

    @Test func `another experiment is refused`() throws {
        #expect(try refusal(of: hello { $0.experimentDigest = SampleMessages.digest(51) })?.kind == .experiment)
        #expect(try refusal(of: hello { $0.experimentDigest = SampleMessages.digest(50) }) == nil)
    }

    @Test func `another protocol version is refused and the worker reports it`() throws {
        var options = SimulatedCluster.Options()
        options.startedCount = 1
        let cluster = try SimulatedCluster(options)
        var bytes = WorkerMessage.hello(SampleMessages.hello).encoded()
        bytes[2] = 1
        let actions = cluster.coordinator.machine.received(bytes, from: connection, now: 1)
        guard case .send(.refused(let refusal), to: connection) = actions.first else {
            Issue.record("no refusal")
            return
        }
        #expect(refusal.kind == .protocolVersion)
        var worker = WorkerMachine(
            configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        _ = worker.start(now: 0)
        let last = worker.received(.refused(refusal), from: SampleMessages.coordinator, now: 1).last
        guard case .exit(let code, let reason) = last else {
            Issue.record("the worker stays")
            return
        }
        #expect(code == 64 && reason.contains("version 1"))
    }

    @Test func `an observer is answered in every phase and changes nothing`() throws {
        let cluster = try SimulatedCluster(.init())
        let inquiry = Inquiry(number: 7)
        func ask(at now: UInt64) {
            let process = cluster.coordinator
            let phase = process.machine.phase
            let actions = process.machine.received(.inquiry(inquiry), from: connection, now: now)
            #expect(actions == [.answer(inquiry, to: connection)] && process.machine.phase == phase)
        }
        ask(at: 0)
        cluster.at(100) { ask(at: cluster.now) }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.coordinator.machine.received(.inquiry(inquiry), from: connection, now: cluster.now).isEmpty)
    }

    @Test func `a worker without an answer leaves with 69`() {
        var worker = WorkerMachine(
            configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        var actions = worker.start(now: 0)
        for now in stride(from: UInt64(50), through: 60_000, by: 50) {
            actions += worker.tick(now: now)
        }
        #expect(actions.filter { $0 == .send(.hello(SampleMessages.hello)) }.count == 60)
        guard case .exit(let code, _) = actions.last else {
            Issue.record("the worker waits for ever")
            return
        }
        #expect(code == 69)
    }

    @Test func `more workers than micro batches are an error of the configuration`() {
        #expect(throws: CoordinatorConfigurationError.workerCount(9, microBatchCount: 8)) {
            _ = try SimulatedCluster(.init()) { $0.workerCount = 9 }
        }
    }

    @Test func `messages of another generation change nothing`() throws {
        var options = SimulatedCluster.Options()
        options.epochs = 50
        let cluster = try SimulatedCluster(options)
        let digest = SampleMessages.digest(200)
        let stale: [WorkerMessage] = [
            .progress(Progress(generation: 9, completedSteps: 4000, phase: .computing, counter: .max)),
            .ready(Ready(generation: 9, position: .start, stateDigest: digest)),
            .linked(Linked(generation: 9, stateDigest: digest, sharesMemory: true)),
            .done(Done(generation: 9, completedSteps: 3, stateDigest: digest, isComplete: true)),
            .failed(WorkerFailure(generation: 9, kind: .peerLost(rank: 0), message: "")),
            .reducedSteps(ReducedSteps(generation: 9, firstStep: 0, steps: [ReducedStep(digest: 1)])),
        ]
        cluster.at(100) {
            let process = cluster.coordinator
            let sender = cluster.connection(of: cluster.workers[1], process)
            for message in stale {
                #expect(process.machine.received(message, from: sender, now: cluster.now).isEmpty, "\(message)")
                let answer = process.machine.received(message, from: connection, now: cluster.now)
                #expect(answer == [.send(.introduce, to: connection)])
            }
            let worker = cluster.workers[0]
            let far = Records(epochs: 0, savedEpochs: 0)
            for message in [
                CoordinatorMessage.grant(Grant(generation: 9, stepLimit: 1_000_000, records: far)),
                .stop(Grant(generation: 9, stepLimit: 1_000_000, records: far)),
                .stop(Grant(generation: 0, stepLimit: 1_000_000, records: far)), .reconfigure(generation: 0),
            ] {
                #expect(worker.machine.received(message, from: process.machine.identity, now: cluster.now).isEmpty)
            }
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 0 && cluster.violation == nil)
        #expect(cluster.coordinator.machine.ignoredMessageCount >= 12)
    }
}
