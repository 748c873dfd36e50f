import Core
import Foundation
import Runs
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Cluster
@testable import Coordination

/// Blocks calls on files until it is opened.
private final class Gate: Sendable {
    private let isClosed = Mutex(false)

    func close() { isClosed.withLock { $0 = true } }
    func open() { isClosed.withLock { $0 = false } }

    var interceptor: FileOperations.Interceptor {
        { [self] operation, _ in
            while operation == .synchronize && isClosed.withLock({ $0 }) { usleep(1000) }
            return .proceed
        }
    }
}

@Suite("The coordinator's file thread")
struct RunWriterTests {
    private let folder: TemporaryFolder
    private let gate = Gate()
    private let directory: RunDirectory
    private let writer: RunWriter

    init() throws {
        folder = try TemporaryFolder()
        let run = try PreparedRun(
            SyntheticRun.settings(SyntheticRun.experiment(), .new(path: folder.path + "/run")),
            files: FileOperations(interceptor: gate.interceptor))
        directory = run.directory
        let writer = try RunWriter(RunRecorder(run.directory), faults: nil)
        self.writer = writer
        _ = ControlThread { writer.run() }
    }

    private static let view = View(
        generation: 3, position: .start, holder: 0,
        members: [
            Member(
                rank: 0, workerIdentifier: 1, name: "a", host: "h", processIdentifier: 2, inboxAddress: "x",
                microBatches: 0..<8)
        ])

    private func nextEvents(_ count: Int) throws -> [RunWriter.Event] {
        let poller = Poller(capacity: 1)
        poller.add(writer.events.event)
        var events: [RunWriter.Event] = []
        while events.count < count {
            try #require(try poller.wait(until: Deadline(afterMilliseconds: 20_000)))
            events += writer.events.takeAll()
        }
        return events
    }

    @Test func `no caller waits for an fsync, and the results come in the order of the jobs`() throws {
        gate.close()
        writer.post(.journal(.view(Self.view)), step: 0)
        let name = StateName(purpose: .stop, completedSteps: 5, completedEpochs: 0)
        writer.post(
            .checkpoint(CheckpointRequest(identifier: 9, name: name, destinations: [.last], bytes: [1, 2])), step: 5)
        usleep(50_000)
        #expect(writer.events.takeAll().isEmpty)
        gate.open()
        let events = try nextEvents(2)
        guard case .viewJournalled(3, nil) = events[0], case .checkpointWritten(let request, nil) = events[1] else {
            Issue.record("\(events)")
            return
        }
        #expect(request.identifier == 9)
        #expect(try folder.bytes("run/checkpoints/last.safetensors") == [1, 2])
        try writer.finish(retriesRows: true)
    }

    @Test func `finishing performs the jobs that are left`() throws {
        for index in 0..<100 { writer.post(.log(LogEntry(level: .notice, text: "line \(index)"), at: Date()), step: 0) }
        writer.post(.journal(.stopping(stepLimit: 8)), step: 0)
        try writer.finish(retriesRows: true)
        #expect(try folder.text("run/log.jsonl").split(separator: "\n").count == 100)
        #expect(try Journal.records(path: directory.paths.journal).count == 1)
    }
}
