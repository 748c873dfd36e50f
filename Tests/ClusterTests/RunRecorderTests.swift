import Core
import Foundation
import Runs
import TestSupport
import Testing

@testable import Cluster
@testable import Coordination

@Suite("What the coordinator records")
struct RunRecorderTests {
    private let folder: TemporaryFolder
    private let run: PreparedRun
    private let recorder: RunRecorder

    init() throws {
        folder = try TemporaryFolder()
        run = try PreparedRun(
            SyntheticRun.settings(SyntheticRun.experiment(), .new(path: folder.path + "/run")))
        recorder = try RunRecorder(run.directory)
    }

    private func request(_ destinations: [CheckpointRequest.Destination], _ bytes: [UInt8]) -> CheckpointRequest {
        CheckpointRequest(
            identifier: 1, name: StateName(purpose: .epochEnd, completedSteps: 5, completedEpochs: 1),
            destinations: destinations, bytes: bytes)
    }

    @Test("states go to last, previous, best and epoch files; a diverged one only beside them")
    func checkpoints() throws {
        #expect(recorder.write(request([.last, .best, .epoch(3)], [1])) == nil)
        #expect(recorder.write(request([.last], [2])) == nil)
        #expect(recorder.write(request([.diverged], [3])) == nil)
        let found = try ["last", "previous", "best", "epoch-0003", "failed"].map {
            try folder.bytes("run/checkpoints/\($0).safetensors")
        }
        #expect(found == [[2], [1], [1], [1], [3]])
        // The journal has the digest of each before it is saved, except the diverged one.
        let journal = try RunJournal(of: run.directory.paths)
        #expect(try Journal.records(path: run.directory.paths.journal).count == 2)
        #expect(journal.problem(ofCheckpoint: [1], completedSteps: 5) == nil)
        #expect(journal.problem(ofCheckpoint: [3], completedSteps: 5) != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/run/checkpoints").count == 5)
    }

    @Test("a state that cannot be written is reported in one line, and the files stay")
    func failedWrite() throws {
        #expect(recorder.write(request([.last], [1])) == nil)
        let checkpoints = folder.path + "/run/checkpoints"
        try FileManager.default.moveItem(atPath: checkpoints, toPath: checkpoints + "-away")
        let problem = try #require(recorder.write(request([.last], [2])))
        #expect(!problem.isEmpty && !problem.contains("\n"))
        try FileManager.default.moveItem(atPath: checkpoints + "-away", toPath: checkpoints)
        #expect(try folder.bytes("run/checkpoints/last.safetensors") == [1])
    }

    @Test("once another coordinator has taken the lead, no checkpoint and no metrics are replaced")
    func deposed() throws {
        let row = EpochRow(
            epoch: 1, step: 5, loss: 0.5, accuracy: 0.25, validationLoss: 0.75, validationAccuracy: 0.125,
            learningRate: 0.001)
        #expect(recorder.write(request([.last], [1])) == nil)
        recorder.record(rows: [row])
        let metrics = try folder.text("run/metrics.jsonl")
        // The file system does not share locks.
        let other = try Journal(in: OpenFolder(at: run.directory.path, access: .owner), name: "journal")
        try other.append(JournalEntry.term(2, job: JobIdentifier(high: 0, low: 1)).record)
        for destination in [CheckpointRequest.Destination.last, .best, .diverged] {
            let problem = try #require(recorder.write(request([destination], [2])))
            #expect(problem.contains("another process writes it"), "\(problem)")
        }
        recorder.record(rows: [row, row])
        #expect(recorder.takeFailure()?.contains("another process writes it") == true)
        #expect(try folder.bytes("run/checkpoints/last.safetensors") == [1])
        #expect(try folder.text("run/metrics.jsonl") == metrics)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/run/checkpoints").count == 1)
    }

    @Test("an epoch replaces metrics and history and adds one line of timing")
    func epochs() throws {
        let rows = (1...2).map { epoch in
            EpochRow(
                epoch: epoch, step: 5 * epoch, loss: 0.5, accuracy: 0.25, validationLoss: 0.75,
                validationAccuracy: 0.125, learningRate: 0.001)
        }
        var clock = EpochClock(doneSampleCount: 2300)
        recorder.record(rows: [rows[0]])
        let first = clock.endEpoch(1, sampleCount: 2400, workerCount: 2, generation: 7)
        recorder.record(first)
        recorder.record(rows: rows)
        let second = clock.endEpoch(2, sampleCount: 2400, workerCount: 2, generation: 8)
        recorder.record(second)
        #expect(recorder.takeFailure() == nil)
        #expect((first.imagesPerSecond * first.seconds).rounded() == 100, "what was done before counts for no speed")
        #expect((second.imagesPerSecond * second.seconds).rounded() == 2400)
        #expect(first.epoch == 1 && first.workerCount == 2 && first.generation == 7 && first.seconds >= 0)
        #expect(try folder.text("run/metrics.jsonl") == EpochRow.jsonLines(rows))
        #expect(try folder.text("run/history.csv") == EpochRow.csv(rows))
        let timings = try folder.text("run/timings.jsonl").split(separator: "\n")
        #expect(timings.count == 2)
        for (index, line) in timings.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["epoch"] as? Int == index + 1)
            #expect(object["workers"] as? Int == 2)
            #expect(object["generation"] as? Int == index + 7)
            #expect(object["seconds"] is Double && object["images_per_second"] != nil)
        }
    }

    @Test("log lines are JSON objects, whatever the text is")
    func log() throws {
        let texts = ["plain", "two\nlines \"quoted\" \\", "é\u{0}\u{1F}", ""]
        for text in texts { recorder.log(LogEntry(level: .warning, text: text), at: Date()) }
        let lines = try folder.text("run/log.jsonl").split(separator: "\n")
        #expect(lines.count == texts.count)
        for (line, text) in zip(lines, texts) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
            #expect(object["msg"] == text && object["level"] == "warning" && object["ts"] != nil)
        }
    }

    @Test("the journal keeps every kind of record, in order")
    func journal() throws {
        let digest = try #require(SHA256Digest(bytes: [UInt8](repeating: 9, count: 32)))
        let member = Member(
            rank: 0, workerIdentifier: 1, name: "a", host: "h", processIdentifier: 2, inboxAddress: "x",
            microBatches: 0..<8)
        let position = Position(rounds: 4, completedSteps: 4, completedEpochs: 0)
        recorder.record(.view(View(generation: 3, position: position, holder: 0, members: [member])))
        recorder.record(.stepDigests(firstStep: 4, digests: [5, 6]))
        recorder.record(.epoch(1, completedSteps: 5, stateDigest: digest))
        recorder.record(.checkpoint(completedSteps: 5))
        recorder.record(.stopping(stepLimit: 6))
        recorder.record(.ended(.completed(completedSteps: 6, stateDigest: digest)))
        #expect(recorder.takeFailure() == nil)
        let records = try run.directory.openJournal().recovered
        #expect(records.map(\.kind) == [1, 2, 3, 4, 5, 6])
        func words(_ values: [UInt64]) -> [UInt8] {
            values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) } }
        }
        #expect(records[0].payload == words([3, 4, 1]))
        #expect(records[1].payload == words([4, 5, 6]))
        #expect(records[2].payload == words([1, 5]) + digest.bytes)
        #expect(records[5].payload == Array("training is complete after step 6".utf8))
    }

    @Test("as many step digests as one message may bring are journalled, over several records")
    func manyDigests() throws {
        let digests = (0..<WireLimits.reducedStepCount).map { UInt64($0) * 3 }
        recorder.record(.stepDigests(firstStep: 10, digests: digests))
        #expect(recorder.takeFailure() == nil)
        var next: UInt64 = 10
        var found: [UInt64] = []
        for record in try run.directory.openJournal().recovered {
            let words = stride(from: 0, to: record.payload.count, by: 8).map { offset in
                record.payload[offset..<offset + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            #expect(record.kind == 2 && words[0] == next)
            found += words.dropFirst()
            next += UInt64(words.count - 1)
        }
        #expect(found == digests)
    }
}
