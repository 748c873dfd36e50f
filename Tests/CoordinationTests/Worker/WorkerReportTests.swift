import Core
import Testing

@testable import Coordination

@Suite struct ProgressReportTests {
    @Test func `the first step of a view is reported at once, then the middle and the end of each grant`() {
        var report = ProgressReport()
        var due: [UInt64] = []
        report.granted(stepLimit: 8, isFirst: true)
        for step in 1...8 as ClosedRange<UInt64>
        where report.note(completedSteps: step, phase: .computing, measures: nil, stepLimit: 8) {
            due.append(step)
        }
        #expect(due == [1, 5, 7, 8])
        report.granted(stepLimit: 18, isFirst: false)
        due = []
        for step in 9...18 as ClosedRange<UInt64>
        where report.note(completedSteps: step, phase: .computing, measures: nil, stepLimit: 18) {
            due.append(step)
        }
        #expect(due == [13, 16, 17, 18])
    }

    @Test func `the compute thread's counter is added once`() {
        var report = ProgressReport()
        report.note(counter: 3, microBatchNanoseconds: 10)
        report.note(counter: 3, microBatchNanoseconds: 20)
        report.note(counter: 5, microBatchNanoseconds: 20)
        #expect(report.progress.counter == 5)
        #expect(report.progress.microBatchNanoseconds == 20)
    }

    private static func steps(_ first: UInt64, _ digests: [UInt64]) -> ReducedSteps {
        ReducedSteps(generation: 0, firstStep: first, steps: digests.map { ReducedStep(digest: $0) })
    }

    @Test func `consecutive steps share a message`() {
        var report = ProgressReport()
        #expect(report.add(ReducedStep(digest: 40), at: 4) == nil)
        #expect(report.add(ReducedStep(digest: 50), at: 5) == nil)
        #expect(report.add(ReducedStep(digest: 90), at: 9) == Self.steps(4, [40, 50]))
        #expect(report.takeReducedSteps() == Self.steps(9, [90]))
        #expect(report.takeReducedSteps() == nil)
    }

    private static func view(generation: UInt64, completedSteps: UInt64) -> View {
        let position = Position(rounds: completedSteps, completedSteps: completedSteps, completedEpochs: 0)
        return View(generation: generation, position: position, holder: 0, members: [])
    }

    @Test func `a successor gets the steps again with its first view, as far as they are complete`() {
        var report = ProgressReport()
        report.enter(Self.view(generation: 1, completedSteps: 0))
        for step in 0...6 as ClosedRange<UInt64> {
            _ = report.add(ReducedStep(digest: step), at: step)
            if step == 3 { _ = report.takeReducedSteps() }
        }
        _ = report.takeReducedSteps()
        report.enter(Self.view(generation: 2, completedSteps: 6))
        #expect(report.takeReducedSteps() == nil, "the same coordinator has them")
        report.coordinatorChanged()
        report.enter(Self.view(generation: 3, completedSteps: 6))
        var steps = Self.steps(0, [0, 1, 2, 3, 4, 5])
        steps.generation = 3
        #expect(report.takeReducedSteps() == steps)
        #expect(report.add(ReducedStep(digest: 6), at: 6) == nil)
        #expect(report.takeReducedSteps()?.firstStep == 6)
        report.enter(Self.view(generation: 4, completedSteps: 7))
        #expect(report.takeReducedSteps() == nil)
    }

    @Test func `a step that was told after the last report is reported with the next view if it is complete`() {
        var report = ProgressReport()
        report.enter(Self.view(generation: 1, completedSteps: 0))
        for step in 0...3 as ClosedRange<UInt64> {
            _ = report.add(ReducedStep(digest: step), at: step)
            if step == 1 { _ = report.takeReducedSteps() }
        }
        report.enter(Self.view(generation: 2, completedSteps: 3))
        var late = Self.steps(2, [2])
        late.generation = 2
        #expect(report.takeReducedSteps() == late)
        #expect(report.takeReducedSteps() == nil)
    }

    @Test func `a full message of steps is sent before the next step, and fits`() throws {
        var report = ProgressReport()
        let limit = UInt64(WireLimits.reducedStepCount)
        for step in 0..<limit { #expect(report.add(ReducedStep(digest: step), at: step) == nil) }
        let added = report.add(ReducedStep(digest: 0), at: limit)
        let full = try #require(added)
        #expect(full.steps.count == WireLimits.reducedStepCount)
        #expect(WorkerMessage.reducedSteps(full).encoded().count <= WireLimits.messageByteCount)
    }
}

@Suite struct EpochReportsTests {
    private static func ended(_ epoch: UInt32, hasState: Bool = true) -> EpochEnded {
        EpochEnded(
            epoch: epoch, completedSteps: UInt64(epoch) * 10, row: [],
            stateDigest: hasState ? SHA256Digest(of: [UInt8(epoch)]) : nil, bestImproved: false)
    }

    @Test func `an epoch is sent when it ends, not when a received state reports it again`() {
        var reports = EpochReports()
        #expect(reports.add(Self.ended(1), now: 0) == true)
        #expect(reports.add(Self.ended(1, hasState: false), now: 0) == false)
        #expect(reports.add(Self.ended(2, hasState: false), now: 0) == false)
        #expect(reports.add(Self.ended(2), now: 0) == true)
        #expect(reports.take(after: 0, now: 0) == [Self.ended(1), Self.ended(2)])
        #expect(reports.take(after: 1, now: 0) == [Self.ended(2)])
    }

    @Test func `unrecorded epochs are repeated after a second`() {
        var reports = EpochReports()
        _ = reports.add(Self.ended(1), now: 100)
        #expect(!reports.isRepetitionDue(after: 0, now: 1099))
        #expect(reports.isRepetitionDue(after: 0, now: 1100))
        #expect(!reports.isRepetitionDue(after: 1, now: 9999))
        _ = reports.take(after: 0, now: 1100)
        #expect(!reports.isRepetitionDue(after: 0, now: 2099))
    }
}

@Suite struct StateSenderTests {
    private static func name(_ purpose: StatePurpose, _ epochs: UInt32 = 1) -> StateName {
        StateName(purpose: purpose, completedSteps: UInt64(epochs) * 10, completedEpochs: epochs)
    }

    @Test func `a state is requested of the compute thread once at a time`() {
        var sender = StateSender(windowChunkCount: 2)
        #expect(sender.request(.audit) == true)
        #expect(sender.request(.audit) == false)
        sender.serialized(Self.name(.audit), bytes: [1])
        #expect(sender.request(.audit) == true)
    }

    @Test func `chunks fill a window, and acknowledged ones make room`() {
        var sender = StateSender(windowChunkCount: 2)
        let size = WireLimits.chunkByteCount
        sender.add(Self.name(.stop), bytes: [UInt8](repeating: 1, count: 2 * size + 1))
        #expect(sender.nextChunks(now: 0).map(\.offset) == [0, UInt64(size)])
        #expect(sender.nextChunks(now: 0).isEmpty)
        sender.acknowledge(Self.name(.stop), offset: 0)
        #expect(sender.nextChunks(now: 0).map(\.bytes.count) == [1])
        #expect(sender.isStuck(now: 3000))
        sender.restart()
        #expect(sender.nextChunks(now: 3000).map(\.offset) == [0, UInt64(size)])
    }

    @Test func `a new sender sends the states that the coordinator has not saved`() {
        var sender = StateSender(windowChunkCount: 2)
        sender.serialized(Self.name(.epochEnd, 1), bytes: [1])
        sender.serialized(Self.name(.epochEnd, 2), bytes: [2])
        sender.forget(savedEpochs: 1)
        sender.enterView(sendsRetained: false)
        #expect(sender.nextChunks(now: 0).isEmpty)
        sender.enterView(sendsRetained: true)
        #expect(sender.nextChunks(now: 0).map(\.name) == [Self.name(.epochEnd, 2)])
    }
}
