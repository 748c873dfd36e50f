import Core
import Testing

@testable import Coordination

/// No message of a peer may trap: a machine that does ends the whole test.
@Suite("A coordinator among workers that send arbitrary messages")
struct HostileWorkerTests {
    private static let connections = (0..<7).map { ConnectionIdentifier([0, UInt8($0)]) }

    /// One run of a machine, with all events of its driver.
    private struct Run: ~Copyable {
        var machine: CoordinatorMachine
        var workers: HostileWorker
        var now: UInt64 = 0
        var outcome: Outcome?
        var hasTrained = false
        var mostActions = 0
        /// What the driver still owes an answer.
        var writes: [UInt64] = []
        var asksReexecution = false
        var comparesStates = false

        init(seed: UInt64) throws {
            workers = HostileWorker(values: HostileValues(seed: seed))
            var configuration = CoordinatorConfiguration(
                job: JobIdentifier(high: 7, low: 8), experiment: "", experimentDigest: SampleMessages.digest(50),
                arithmeticVersion: 3, microBatchCount: 8,
                bounds: CoordinatorFixtures.bounds, workerCount: workers.values.pick([1, 2, 3]),
                processSpace: HostileWorker.spaces[0],
                data: [ContentDescription(identifier: .data(SampleMessages.digest(100)), byteCount: 1 << 23)])
            configuration.ownerLimit = 4
            configuration.settings.audit = .all
            configuration.settings.rebalances = workers.values.chance(50)
            configuration.settings.slowLinks = workers.values.pick([.wait, .evict])
            configuration.childProcessIdentifiers = [1001, 1002]
            configuration.term = workers.values.number(1)
            configuration.lastGeneration = workers.values.pick([0, 5])
            machine = try CoordinatorMachine(configuration: configuration, now: 0)
        }

        var insight: CoordinatorInsight {
            CoordinatorInsight(
                generation: machine.membership.generation, view: machine.membership.view,
                viewDigest: machine.membership.viewDigest,
                stepLimit: machine.grants.stepLimit, recordedEpochs: machine.ledger.completedEpochs,
                stopLimit: machine.grants.stop?.stepLimit)
        }

        mutating func take(_ actions: [CoordinatorAction]) {
            mostActions = max(mostActions, actions.count)
            for action in actions {
                switch action {
                case .finish(let result): outcome = result
                case .writeCheckpoint(let request): writes.append(request.identifier)
                case .reexecuteGradient: asksReexecution = true
                case .compareStates: comparesStates = true
                // Its receiver has to be able to decode it.
                case .send(let message, _): #expect((try? CoordinatorMessage(decoding: message.encoded())) == message)
                default: break
                }
            }
            if machine.phase == .training { hasTrained = true }
        }

        mutating func happen() {
            let connection = workers.values.pick(HostileWorkerTests.connections)
            switch Int.random(in: 0..<100, using: &workers.values.generator) {
            case ..<80:
                let message = workers.message(insight).encoded()
                take(machine.received(message, from: connection, now: now))
            case ..<93:
                now += workers.values.pick([0, 1, 25, 50, 50, 240, 1200])
                take(machine.tick(now: now))
            case ..<96:
                let process = Int32.random(in: 1000...1006, using: &workers.values.generator)
                take(machine.childEnded(processIdentifier: process, status: .exited(code: 1), now: now))
                machine.childStarted(processIdentifier: process)
            case 96 where workers.values.chance(5): take(machine.interrupt(signal: 15, now: now))
            default: answer()
            }
        }

        private mutating func answer() {
            if !writes.isEmpty {
                let failure = workers.values.chance(10) ? "no space left" : nil
                take(machine.checkpointWritten(identifier: writes.removeFirst(), failure: failure, now: now))
            } else if asksReexecution {
                asksReexecution = false
                let digest: UInt64? = workers.values.pick([nil, 1, 2])
                take(machine.gradientReexecuted(generation: machine.membership.generation, digest: digest, now: now))
            } else if comparesStates {
                comparesStates = false
                take(machine.statesCompared(tensors: ["a"], now: now))
            }
        }
    }

    @Test func `no message of a worker traps or causes actions without bound`() throws {
        var trainedCount = 0
        for seed in 0..<3000 as Range<UInt64> {
            var run = try Run(seed: seed)
            for _ in 0..<300 where run.outcome == nil { run.happen() }
            // A few messages to each of a bounded number of workers, and records.
            #expect(run.mostActions < 100, "seed \(seed)")
            if run.hasTrained { trainedCount += 1 }
        }
        #expect(trainedCount > 300, "most messages have to get past the door: \(trainedCount)")
    }
}
