import Experiments
import Foundation
import Runs
import Testing

@testable import Cluster

@Suite("Replaying a run")
struct RunVerifierTests {
    @Test("the last epoch from the checkpoint before it, everything from the beginning: all equal")
    func equal() throws {
        let run = try RecordedRun()
        let last = try run.verify()
        #expect(last.isEqual && last.start == "checkpoints/previous.safetensors" && last.startStep == 5)
        #expect(last.epochs.map(\.epoch) == [2] && last.epochs[0].equalSteps == 5 && last.epochs[0].row == .equal)
        #expect(last.checkpoints.contains { $0.name == "checkpoints/last.safetensors" && $0.tensorCount == 6 })
        let all = try run.verify(.everything)
        #expect(all.isEqual && all.start == nil && all.epochs.map(\.equalSteps) == [5, 5])
        #expect(all.checkpoints.contains { $0.name == "checkpoints/previous.safetensors" && $0.completedSteps == 5 })
        #expect(all.lines[1] == "epoch 1: 5 of 5 steps equal; metrics equal")
        let first = try run.verify(.epoch(1))
        #expect(first.isEqual && first.start == nil && first.epochs.map(\.epoch) == [1])
    }

    @Test("a run that stopped within an epoch is replayed up to its last step")
    func unfinished() throws {
        let report = try RecordedRun(steps: 8).verify()
        #expect(report.isEqual && report.epochs.map(\.equalSteps) == [3] && report.epochs[0].row == .missing)
        #expect(report.checkpoints.map(\.name) == ["checkpoints/last.safetensors"])
    }

    @Test("a gradient that differs is named by its first step")
    func otherGradient() throws {
        let run = try RecordedRun()
        // The later record of a step wins: steps 7 and 9 of the training are wrong, step 8 is right.
        try run.append(.stepDigests(firstStep: 6, digests: [run.digests[6] ^ 1, run.digests[7], 5]))
        let report = try run.verify()
        #expect(!report.isEqual && report.epochs[0].equalSteps == 3 && report.epochs[0].comparedSteps == 5)
        #expect(
            report.epochs[0].firstDifference
                == StepDifference(
                    step: 2, trainingStep: 7, replayed: run.digests[6], journalled: run.digests[6] ^ 1))
        #expect(report.firstDifference == "at step 2 of epoch 2")
        #expect(report.lines[1].contains("3 of 5 steps equal, the first that differs is step 2 (7 of the training)"))
        #expect(report.problems.count == 1 && report.problems[0].contains("2 repeated steps"))
        #expect(report.checkpoints.allSatisfy { $0.isEqual })
    }

    @Test("a changed bit in a checkpoint is noticed by its digest, and its tensor is named")
    func otherTensor() throws {
        let run = try RecordedRun()
        let names = try Safetensors(path: run.path + "/checkpoints/last.safetensors").tensors.map(\.name)
        let name = try #require(names.first { $0.hasPrefix("model.") && $0.hasSuffix("weight") })
        try run.flipBit(in: name, of: "last")
        let report = try run.verify()
        let checkpoint = try #require(report.checkpoints.first { $0.name == "checkpoints/last.safetensors" })
        #expect(checkpoint.differentTensors.map(\.name) == [name])
        let difference = try #require(checkpoint.differentTensors.first)
        #expect(difference.differentCount == 1 && difference.elementCount == 7840)
        #expect(checkpoint.line.contains("DIFFERS in \(name) (1 of 7840 elements, first "))
        #expect(report.problems.contains { $0.hasPrefix("checkpoints/last.safetensors: its SHA-256") })
        #expect(report.firstDifference == "in tensor \(name) of checkpoints/last.safetensors")
        // A damaged state never starts a replay: the replay starts from the seed.
        try run.flipBit(in: name, of: "previous")
        #expect(try run.verify().start == nil)
    }

    @Test("a changed row is named by its epoch")
    func otherRow() throws {
        let run = try RecordedRun()
        let file = URL(fileURLWithPath: run.path + "/metrics.jsonl")
        var rows = try EpochRow.rows(jsonLines: String(contentsOf: file, encoding: .utf8))
        rows[1].accuracy = rows[1].accuracy.nextUp
        try Data(EpochRow.jsonLines(rows).utf8).write(to: file)
        let report = try run.verify()
        #expect(report.epochs[0].row == .different && report.firstDifference == "in the metrics of epoch 2")
    }

    @Test("a journal without digests is reported, and the rest is compared")
    func noDigests() throws {
        let report = try RecordedRun(hasDigests: false).verify()
        #expect(report.isEqual && report.hasCompared && report.epochs[0].comparedSteps == 0)
        #expect(report.lines[1].hasPrefix("epoch 2: 5 steps replayed, of which the journal has no gradient digests;"))
    }

    @Test("the last line names what was compared, and what could not be")
    func summary() throws {
        let all = try RecordedRun().verify(.everything)
        #expect(all.summary == "10 gradients, the metrics of 2 epochs, \(all.checkpoints.count) checkpoints")
        let last = try RecordedRun(hasDigests: false).verify().summary
        #expect(last.hasPrefix("the metrics of 1 epoch, "))
        #expect(last.hasSuffix("; not compared: 5 gradients (no digest in the journal)"))
        let unfinished = try RecordedRun(steps: 8).verify().summary
        let rest = "; not compared: the metrics of 1 epoch (not finished, or no row)"
        #expect(unfinished == "3 gradients, 1 checkpoint" + rest)
    }

    @Test("a file that a finished run must have is missed, and a journal that is none is a problem")
    func missingFiles() throws {
        let run = try RecordedRun()
        #expect(try run.verify().missing.isEmpty)
        try FileManager.default.removeItem(atPath: run.path + "/checkpoints")
        var report = try run.verify()
        #expect(report.isEqual && report.missing.count == 1)
        #expect(report.missing[0].hasPrefix("checkpoints/last.safetensors is missing"))
        #expect(report.summary.hasSuffix("not compared: the state (no checkpoint after a replayed step)"))
        try FileManager.default.removeItem(atPath: run.path + "/journal")
        report = try run.verify()
        #expect(report.isEqual && report.missing.count == 2 && report.missing[0].hasPrefix("journal is missing"))
        try Data("no journal".utf8).write(to: URL(fileURLWithPath: run.path + "/journal"))
        report = try run.verify()
        #expect(
            !report.isEqual && report.problems.count == 1
                && report.problems[0].hasPrefix("the journal has no readable record"))
    }

    @Test("rows that a finished run must have are missed")
    func missingRows() throws {
        let run = try RecordedRun()
        let file = URL(fileURLWithPath: run.path + "/metrics.jsonl")
        let rows = try EpochRow.rows(jsonLines: String(contentsOf: file, encoding: .utf8))
        try Data(EpochRow.jsonLines([rows[0]]).utf8).write(to: file)
        #expect(try run.verify().missing == ["metrics.jsonl has 1 of 2 rows"])
    }

    @Test("an epoch that was kept is a start; one that was not reached, and a folder without a run are refused")
    func starts() throws {
        var experiment = SyntheticRun.experiment()
        experiment.epochs = 4
        let run = try RecordedRun(experiment, steps: 20, keptEpoch: 1)
        #expect(try run.verify(.epoch(2)).start == "checkpoints/epoch-0001.safetensors")
        #expect(throws: VerificationError.epochNotReached(run: run.path, epoch: 5, reached: 4)) {
            try run.verify(.epoch(5))
        }
        #expect(throws: RunDirectoryError.self) {
            try RunVerifier(
                run: run.path + "/none", data: nil, environment: [:], kernels: RecordedRun.kernels, threadCount: 1)
        }
    }
}
