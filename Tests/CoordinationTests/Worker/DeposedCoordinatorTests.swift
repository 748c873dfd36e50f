import Core
import Testing

@testable import Coordination

@Suite("A coordinator that another one has followed")
struct DeposedCoordinatorTests {
    private static let job = JobIdentifier(high: 1, low: 2)

    private static func coordinator(_ term: UInt64, job: JobIdentifier = job) -> CoordinatorIdentity {
        CoordinatorIdentity(job: job, term: term)
    }

    /// A worker that the coordinator with term 2 has welcomed.
    private static func worker() -> WorkerMachine {
        var machine = WorkerMachine(configuration: WorkerConfiguration(hello: SampleMessages.hello), now: 0)
        _ = machine.start(now: 0)
        for case .welcome(let welcome) in SampleMessages.fromCoordinator {
            _ = machine.received(.welcome(welcome), from: coordinator(2), now: 1)
        }
        return machine
    }

    private static func isExit(_ action: WorkerAction?) -> Bool {
        if case .exit = action { true } else { false }
    }

    @Test func `whatever it orders has no effect, and is noted at most now and then`() {
        var worker = Self.worker()
        var notes: [WorkerAction] = []
        for _ in 0..<10 {
            for message in SampleMessages.fromCoordinator {
                notes += worker.received(message, from: Self.coordinator(1), now: 2)
            }
        }
        let texts = notes.compactMap { action in if case .note(let text) = action { text } else { nil } }
        #expect(texts.count == notes.count && texts.count == 8, "\(notes)")
        #expect(texts.first?.contains("with term 1: the one with term 2 leads the run") == true)
        #expect(Self.isExit(worker.received(.end(reason: ""), from: Self.coordinator(2), now: 3).last))
    }

    @Test func `a message of a successor deposes the coordinator before its welcome arrives`() {
        var worker = Self.worker()
        #expect(worker.received(.heartbeat, from: Self.coordinator(3), now: 2).isEmpty)
        #expect(!Self.isExit(worker.received(.end(reason: ""), from: Self.coordinator(2), now: 3).last))
    }

    @Test func `a coordinator of another run may only refuse a worker that looks for its own`() {
        let other = Self.coordinator(1, job: JobIdentifier(high: 9, low: 9))
        let refusal = Refusal(kind: .ended, reason: "it belongs to another run")
        var worker = Self.worker()
        #expect(worker.received(.end(reason: ""), from: other, now: 2).isEmpty)
        #expect(worker.received(.refused(refusal), from: other, now: 2).isEmpty)
        _ = worker.coordinatorLost(now: 3)
        #expect(!Self.isExit(worker.received(.refused(refusal), from: Self.coordinator(1), now: 4).last))
        #expect(Self.isExit(worker.received(.refused(refusal), from: other, now: 4).last))
    }
}
