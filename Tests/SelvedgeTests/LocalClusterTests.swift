import Foundation
import Testing

@testable import Selvedge

/// Trainings by the program `selvedge`, which lies beside the test program.
@Suite("A local cluster", .serialized)
struct LocalClusterTests {
    /// A folder of one test; it is removed with its object.
    private final class Scratch {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "selvedge-test-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let program: String? = {
        let runner = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return runner.map { URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "selvedge").path }
    }()

    private func start(
        _ experiment: Experiment, _ scratch: Scratch, workers: Int, faults: FaultPlan = FaultPlan()
    ) throws -> LocalCluster {
        try LocalCluster(
            experiment, workerCount: workers, threadCount: 1, path: scratch.path + "/run", faults: faults,
            program: Self.program)
    }

    @Test("loses a worker, reports it, and ends with the bits of a trainer in this process")
    func equalBits() async throws {
        let experiment = SmallExperiment.make(epochs: 6)
        let trainer = try Trainer(experiment, threadCount: 1)
        try trainer.train()
        let scratch = try Scratch()
        let plan = FaultPlan([try Fault(parsing: "kill worker=1 step=12")])
        let cluster = try start(experiment, scratch, workers: 2, faults: plan)
        var events: [ClusterEvent] = []
        for await event in cluster.events { events.append(event) }
        let run = try await cluster.finishedRun()
        #expect(try run.checkpoint().digest == trainer.checkpoint().digest)
        #expect(try run.checkpoint(.best).digest == trainer.bestCheckpoint()?.digest)
        #expect(try run.epochs() == trainer.epochs)
        #expect(events.compactMap { if case .epoch(let row) = $0 { row } else { nil } } == trainer.epochs)
        #expect(events.contains { if case .recovery = $0 { true } else { false } })
        #expect(try run.epochTimings().count == 6)
        #expect(try run.recoveries().count >= 1)
        #expect(run.experiment == experiment)
    }

    @Test("is interrupted after a step, and a cluster of another size continues to the same bits")
    func interruption() async throws {
        let experiment = SmallExperiment.make(epochs: 30)
        let trainer = try Trainer(experiment, threadCount: 1)
        try trainer.train()
        let scratch = try Scratch()
        // Slow enough that the signal arrives before the end.
        let plan = FaultPlan([try Fault(parsing: "slow worker=0 step=1 add=20")])
        let cluster = try start(experiment, scratch, workers: 2, faults: plan)
        for await event in cluster.events {
            if case .epoch = event { cluster.interrupt() }
        }
        let interrupted = try await cluster.finishedRun()
        #expect(try interrupted.epochs().count < 30)
        let second = try LocalCluster(resuming: interrupted, workerCount: 1, program: Self.program)
        let finished = try await second.finishedRun()
        #expect(try finished.checkpoint().digest == trainer.checkpoint().digest)
    }

    @Test("a training that cannot start fails with the program's own line and exit code")
    func failure() async throws {
        var experiment = SmallExperiment.make()
        experiment.dataset = DatasetConfiguration(
            .csv(training: "none.csv", test: "none.csv", classNames: ["a", "b"]), validation: .none)
        let scratch = try Scratch()
        let cluster = try start(experiment, scratch, workers: 1)
        await #expect {
            _ = try await cluster.finishedRun()
        } throws: { error in
            guard let failure = error as? ClusterFailure else { return false }
            return failure.exitCode == 66 && failure.description.contains("none.csv")
        }
    }

    @Test("a program that is missing is named")
    func missingProgram() {
        #expect {
            _ = try LocalCluster(SmallExperiment.make(), path: "/nowhere/run", program: "/nowhere/selvedge")
        } throws: {
            String(describing: $0) == "/nowhere/selvedge is not a program: give the path of selvedge"
        }
    }
}
