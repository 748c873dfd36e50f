import Testing

@testable import Coordination

@Suite("Progress across generations")
struct ProgressScenarios {
    @Test func `a link that never works ends the run after the deadline, is named, and the state is saved`() throws {
        let cluster = try longRun(workers: 2) { ($0.minimumWorkerCount, $0.remoteSlots) = (2, [0, 1]) }
        var completed: UInt64 = 0
        cluster.at(1000) {
            completed = cluster.workers.map { cluster.training.position($0.rounds).completedSteps }.max() ?? 0
            cluster.network.cut(from: 0, to: 1)
        }
        cluster.run()
        #expect(cluster.violation == nil && cluster.outcome?.exitCode == 69)
        let text = cluster.outcome?.description ?? ""
        #expect(text.contains("no step was completed for 3") && text.contains("worker-0") && text.contains("worker-1"))
        #expect(text.contains("inbox "), "the address is named: \(text)")
        #expect(completed > 0 && cluster.disk.last?.name.completedSteps ?? 0 >= completed)
        #expect(cluster.now < 400_000)
    }

    @Test func `a view reaches no worker before the journal has it, however long that takes`() throws {
        let cluster = try longRun { $0.journalMilliseconds = 10_000...10_000 }
        cluster.at(9000) { #expect(cluster.workers.allSatisfy { $0.view == nil }) }
        cluster.expectCompletion()
        #expect(cluster.exits.allSatisfy { $0.code == 0 })
    }

    @Test func `without waiting for the journal a generation is given twice`() throws {
        let isNoticed = try (1...3000 as ClosedRange<UInt64>).contains { seed in
            var safeguards = SimulatedCluster.Safeguards()
            safeguards.waitsForJournal = false
            return try SimulationTests.run(seed: seed, safeguards, historyLength: 0).violation != nil
        }
        #expect(isNoticed)
    }

    @Test func `a view that cannot be journalled ends the run with 74`() throws {
        let cluster = try longRun { $0.journalMilliseconds = 10_000...10_000 }
        cluster.at(5000) {
            cluster.onCoordinator { process in
                cluster.perform(
                    process.machine.viewJournalled(generation: 1, failure: "no space left", now: 5000), of: process)
            }
        }
        cluster.run()
        #expect(cluster.outcome?.exitCode == 74)
        #expect(cluster.views.isEmpty || cluster.workers.allSatisfy { $0.view == nil })
    }
}
