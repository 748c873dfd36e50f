import Testing

@testable import Coordination

@Suite("A worker under coordinators that say anything")
struct HostileCoordinatorTests {
    /// One worker's machine, with everything that its driver tells it.
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
                    heardGeneration: machine.heardGeneration, view: machine.view, phase: machine.phase)
                take(machine.received(message.encoded(), now: now))
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
            let position = machine.view?.position ?? .start
            let order = orders.removeFirst()
            let name = StateName(purpose: .epochEnd, completedSteps: position.completedSteps, completedEpochs: 1)
            switch order {
            case .loadExperiment: take(machine.experimentLoaded(missing: [SampleMessages.digest(100)], now: now))
            case .prepare: take(machine.prepared(position: .start, stateDigest: digest, now: now))
            case .regroup: take(machine.regrouped(position: position, stateDigest: digest, now: now))
            case .enterView(let view): take(machine.linked(generation: view.generation, stateDigest: digest, now: now))
            case .serializeState(let purpose):
                var name = name
                name.purpose = purpose
                take(machine.stateSerialized(name, bytes: [1, 2, 3], now: now))
            case .stopAt(let limit):
                take(machine.finished(completedSteps: limit, stateDigest: digest, isComplete: false, now: now))
            case .saveState: take(machine.stateSaved(path: nil, now: now))
            default: break
            }
        }

        private mutating func compute() {
            counter += 1
            let steps = machine.stepLimit
            take(machine.stepReduced(step: steps, digest: 1, now: now))
            take(machine.computed(completedSteps: steps, phase: .computing, counter: counter, measures: nil, now: now))
            guard coordinator.values.chance(5) else { return }
            take(machine.failed(.peerLost(rank: 1), message: "", now: now))
        }
    }

    @Test func `nothing that a coordinator says traps or brings actions without bound`() {
        var trainedCount = 0
        for seed in 0..<2000 as Range<UInt64> {
            var run = Run(seed: seed)
            run.take(run.machine.start(now: 0))
            for _ in 0..<200 where !run.hasEnded { run.happen() }
            #expect(run.mostActions < 100, "seed \(seed)")
            if run.hasTrained { trainedCount += 1 }
        }
        #expect(trainedCount > 200, "most messages have to get past the door: \(trainedCount)")
    }

    @Test func `a state that is asked for again and again is serialized once at a time`() {
        let digest = SampleMessages.digest(200)
        var machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        _ = machine.start(now: 0)
        for case .welcome(var welcome) in SampleMessages.fromCoordinator {
            (welcome.data, welcome.state) = ([], nil)
            _ = machine.received(.welcome(welcome), now: 1)
        }
        _ = machine.experimentLoaded(missing: [], now: 2)
        _ = machine.prepared(position: .start, stateDigest: digest, now: 3)
        func requests(_ machine: inout WorkerMachine) -> [WorkerAction] {
            (0..<200).flatMap { _ in machine.received(.sendState(.comparison), now: 4) }
        }
        #expect(requests(&machine) == [.serializeState(.comparison)])
        let name = StateName(purpose: .comparison, completedSteps: 0, completedEpochs: 0)
        _ = machine.stateSerialized(name, bytes: [1], now: 5)
        #expect(requests(&machine) == [.serializeState(.comparison)])
    }
}
