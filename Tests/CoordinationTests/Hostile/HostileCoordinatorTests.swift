import Testing

@testable import Coordination

@Suite("A worker under hostile coordinators")
struct HostileCoordinatorTests {
    /// One worker's machine, with everything that its driver passes in.
    private struct Run: ~Copyable {
        var machine: WorkerMachine
        var coordinator: HostileCoordinator
        var now: UInt64 = 0
        var hasEnded = false
        var hasTrained = false
        var mostActions = 0
        var orders: [WorkerAction] = []
        var counter: UInt64 = 0

        init(seed: UInt64) {
            coordinator = HostileCoordinator(
                values: HostileValues(seed: seed), inboxAddress: SampleMessages.hello.inboxAddress)
            machine = WorkerMachine(
                configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        }

        mutating func take(_ actions: [WorkerAction]) {
            mostActions = max(mostActions, actions.count)
            for action in actions {
                switch action {
                case .exit: hasEnded = true
                case .send(let message): #expect((try? WorkerMessage(decoding: message.encoded())) == message)
                default: orders.append(action)
                }
            }
            if machine.phase == .training { hasTrained = true }
        }

        mutating func happen() {
            switch Int.random(in: 0..<100, using: &coordinator.values.generator) {
            case ..<60:
                let message = coordinator.message(
                    heardGeneration: machine.membership.announcedGeneration, view: machine.membership.view,
                    phase: machine.phase)
                let envelope = CoordinatorEnvelope(sender: coordinator.sender(), message: message)
                take(machine.received(envelope.encoded(), now: now))
            case ..<70:
                now += coordinator.values.pick([0, 25, 50, 50, 1200])
                take(machine.tick(now: now))
            case ..<71: take(machine.coordinatorLost(now: now))
            case ..<90: obey()
            default: compute()
            }
        }

        /// What the compute thread does with an order.
        private mutating func obey() {
            guard !orders.isEmpty else { return }
            let digest = SampleMessages.digest(200)
            let position = machine.membership.view?.position ?? .start
            let order = orders.removeFirst()
            let name = StateName(purpose: .epochEnd, completedSteps: position.completedSteps, completedEpochs: 1)
            switch order {
            case .compute(.loadExperiment): report(.experimentLoaded(missing: [SampleMessages.digest(100)]))
            case .compute(.prepare): report(.prepared(.start, stateDigest: digest))
            case .compute(.quiesce): report(.quiesced(position, stateDigest: digest))
            case .compute(.enterView(let view)):
                report(.linked(Linked(generation: view.generation, stateDigest: digest, sharesMemory: true)))
            case .compute(.serializeState(let purpose)):
                var name = name
                name.purpose = purpose
                report(.stateSerialized(name, bytes: [1, 2, 3]))
            case .compute(.stopAt(let limit)):
                report(.finished(completedSteps: limit, stateDigest: digest, isComplete: false))
            case .compute(.saveState): report(.stateSaved(path: nil))
            default: break
            }
        }

        private mutating func report(_ report: ComputeReport) {
            take(machine.received(report, now: now))
        }

        private mutating func compute() {
            counter += 1
            let steps = machine.membership.stepLimit
            take(machine.stepReduced(ReducedStep(digest: 1), at: steps, now: now))
            take(machine.computed(completedSteps: steps, phase: .computing, counter: counter, measures: nil, now: now))
            guard coordinator.values.chance(5) else { return }
            report(.failed(.peerLost(rank: 1), message: ""))
        }
    }

    @Test func `no message of a coordinator traps or brings actions without bound`() {
        var trainedCount = 0
        for seed in 0..<2000 as Range<UInt64> {
            var run = Run(seed: seed)
            run.take(run.machine.start(now: 0))
            for _ in 0..<200 where !run.hasEnded { run.happen() }
            #expect(run.mostActions < 100, "seed \(seed)")
            if run.hasTrained { trainedCount += 1 }
        }
        #expect(trainedCount > 200, "most runs must reach training: \(trainedCount)")
    }

    @Test func `a state that is requested again and again is serialized once at a time`() {
        let digest = SampleMessages.digest(200)
        var machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        _ = machine.start(now: 0)
        for case .welcome(var welcome) in SampleMessages.fromCoordinator {
            (welcome.data, welcome.state) = ([], nil)
            _ = machine.received(.welcome(welcome), from: SampleMessages.coordinator, now: 1)
        }
        _ = machine.received(.experimentLoaded(missing: []), now: 2)
        _ = machine.received(.prepared(.start, stateDigest: digest), now: 3)
        func requests(_ machine: inout WorkerMachine) -> [WorkerAction] {
            (0..<200).flatMap { _ in machine.received(.sendState(.comparison), from: SampleMessages.coordinator, now: 4)
            }
        }
        #expect(requests(&machine) == [.compute(.serializeState(.comparison))])
        let name = StateName(purpose: .comparison, completedSteps: 0, completedEpochs: 0)
        _ = machine.received(.stateSerialized(name, bytes: [1]), now: 5)
        #expect(requests(&machine) == [.compute(.serializeState(.comparison))])
    }
}
