import Core
import Glibc
import TestSupport
import Testing

@testable import Runs

@Suite struct RunDirectoryTests {
    private let digest = SHA256Digest(of: [1])
    private let otherDigest = SHA256Digest(of: [2])

    private func checkpoint(_ step: UInt64) -> [UInt8] {
        var writer = SafetensorsWriter()
        writer.add(name: "step", shape: [], [step])
        return writer.serialized()
    }

    private func step(_ path: String) throws -> UInt64 {
        try Safetensors(path: path).unsignedIntegers(named: "step")[0]
    }

    private func create(at path: String) throws -> RunDirectory {
        try RunDirectory.create(at: path, experiment: "name: x\n", digest: digest)
    }

    @Test func newRunsAreNumberedAboveAllOthers() throws {
        let folder = try TemporaryFolder()
        let parent = folder.path + "/deep/runs"
        #expect(try RunDirectory.newest(in: parent, name: "A-1") == nil)
        let first = try RunDirectory.create(in: parent, name: "A-1", experiment: "", digest: digest)
        let second = try RunDirectory.create(in: parent + "/", name: "A-1", experiment: "", digest: digest)
        #expect(first.path == parent + "/A-1-1")
        #expect(second.path == parent + "/A-1-2")
        for name in ["A-1-9", "A-1-010", "A-1-x", "A-1-", "A-11-50", "B-1-60"] {
            try FileOperations().makeDirectory(parent + "/" + name)
        }
        #expect(try RunDirectory.newest(in: parent, name: "A-1") == parent + "/A-1-9")
        let next = try RunDirectory.create(in: parent, name: "A-1", experiment: "", digest: digest)
        #expect(next.path == parent + "/A-1-10")
    }

    @Test func anExplicitFolderMustBeEmpty() throws {
        let folder = try TemporaryFolder()
        try FileOperations().makeDirectory(folder.path + "/empty")
        #expect(try create(at: folder.path + "/empty/").path == folder.path + "/empty")
        #expect(throws: RunDirectoryError.notEmpty(path: folder.path + "/empty")) {
            try create(at: folder.path + "/empty")
        }
        try AtomicFile.write("", to: folder.path + "/file")
        #expect(throws: RunDirectoryError.self) { try create(at: folder.path + "/file") }
    }

    @Test func theLockRefusesASecondHolderUntilTheFirstEnds() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run"
        var run: RunDirectory? = try create(at: path)
        #expect(throws: RunDirectoryError.inUse(path: path, holder: "process \(getpid())")) {
            try RunDirectory.open(at: path, digest: digest)
        }
        #expect(run?.path == path)
        run = nil
        #expect(try RunDirectory.open(at: path, digest: digest).path == path)
    }

    @Test func anotherExperimentIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run"
        _ = try create(at: path)
        #expect(
            throws: RunDirectoryError.otherExperiment(
                path: path, expected: otherDigest.hexadecimal, found: digest.hexadecimal)
        ) { try RunDirectory.open(at: path, digest: otherDigest) }
        let run = try RunDirectory.open(at: path, digest: nil)
        #expect(try run.experiment().text == "name: x\n")
        #expect(try run.experiment().digest == digest)
        #expect(try text(run.paths.experiment) == "# experiment digest: \(digest.hexadecimal)\nname: x\n")
    }

    @Test func foldersWithoutARunAreRefused() throws {
        let folder = try TemporaryFolder()
        for path in [folder.path, folder.path + "/missing"] {
            #expect(throws: RunDirectoryError.notARun(path: path)) { try RunDirectory.open(at: path, digest: nil) }
        }
        #expect(try FileOperations().list(folder.path) == [])
        try AtomicFile.write("name: x\n", to: folder.path + "/experiment.yaml")
        #expect(throws: RunDirectoryError.notARun(path: folder.path)) {
            try RunDirectory.open(at: folder.path, digest: nil)
        }
    }

    @Test func temporaryFilesOfDeadRunsAreRemovedOnlyUnderTheLock() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run"
        var run: RunDirectory? = try create(at: path)
        let remains = [path + "/metrics.jsonl.tmp.0123456789abcdef", path + "/checkpoints/x.tmp.0123456789abcdef"]
        for file in remains { try AtomicFile.write("torn", to: file) }
        _ = try? RunDirectory.open(at: path, digest: nil)
        #expect(remains.allSatisfy { FileOperations().exists($0) })
        #expect(run != nil)
        run = nil
        _ = try RunDirectory.open(at: path, digest: nil)
        #expect(remains.allSatisfy { !FileOperations().exists($0) })
        #expect(FileOperations().exists(path + "/experiment.yaml"))
    }

    @Test func checkpointsMoveFromLastToPreviousAndAreKept() throws {
        let folder = try TemporaryFolder()
        let run = try create(at: folder.path + "/run")
        try run.saveCheckpoint(checkpoint(1), isBest: true)
        #expect(!FileOperations().exists(run.paths.previous))
        try run.saveCheckpoint(checkpoint(2), isBest: true, keepEpoch: 7)
        try run.saveCheckpoint(checkpoint(3), isBest: false)
        #expect(try step(run.paths.last) == 3)
        #expect(try step(run.paths.previous) == 2)
        #expect(try step(run.paths.best) == 2)
        #expect(try step(run.paths.checkpoint(epoch: 7)) == 2)
        #expect(
            try FileOperations().list(run.paths.checkpoints) == [
                "best.safetensors", "epoch-0007.safetensors", "last.safetensors", "previous.safetensors",
            ])
        try run.saveFailedState(checkpoint(4))
        #expect(try step(run.paths.last) == 3)
        #expect(try step(run.paths.failed) == 4)
    }

    /// With and without hard links, the process dies after every single operation of a save; a later one repairs it.
    @Test(arguments: [true, false]) func aDeathAtAnyPointLeavesAWholeCheckpoint(hasLinks: Bool) throws {
        var points = 0
        while true {
            let folder = try TemporaryFolder()
            let path = folder.path + "/run"
            try create(at: path).saveCheckpoint(checkpoint(1), isBest: true)
            try RunDirectory.open(at: path, digest: nil).saveCheckpoint(checkpoint(2), isBest: true)
            let completed = try dyingSave(3, at: path, after: points, hasLinks)
            let run = try RunDirectory.open(at: path, digest: digest)
            let found = try run.newestCheckpoint()
            let foundStep = try found.contents.unsignedIntegers(named: "step")[0]
            #expect(foundStep == 2 || foundStep == 3, "after \(points) operations")
            if completed { #expect(foundStep == 3) }
            #expect((2...3).contains(try step(path + "/checkpoints/best.safetensors")))
            if foundStep == 3 { #expect(try step(path + "/checkpoints/best.safetensors") == 3) }
            try run.saveCheckpoint(checkpoint(3), isBest: true)
            #expect(try step(run.paths.last) == 3)
            #expect((2...3).contains(try step(run.paths.previous)))
            #expect(try FileOperations().list(run.paths.checkpoints).count == 3, "no temporary file is left")
            if completed { break }
            points += 1
        }
        #expect(points > 8)
    }

    /// Saves with a process that dies after so many operations; true when it lived long enough.
    private func dyingSave(_ step: UInt64, at path: String, after points: Int, _ hasLinks: Bool) throws -> Bool {
        let death = Failures(after: points, isCrash: true, isArmed: false)
        let files = FileOperations { operation, _ in
            operation == .link && !hasLinks ? .fail(EPERM) : death.next()
        }
        let run = try RunDirectory.open(at: path, digest: nil, files: files)
        death.arm()
        do {
            try run.saveCheckpoint(checkpoint(step), isBest: true)
            return true
        } catch {
            return false
        }
    }

    @Test func resumeFallsBackToPreviousAndSaysWhatIsWrongWithLast() throws {
        let folder = try TemporaryFolder()
        let run = try create(at: folder.path + "/run")
        #expect(throws: RunDirectoryError.self) { try run.newestCheckpoint() }
        try run.saveCheckpoint(checkpoint(1), isBest: false)
        try run.saveCheckpoint(checkpoint(2), isBest: false)
        #expect(try run.newestCheckpoint().warnings == [])
        #expect(try run.newestCheckpoint().path == run.paths.last)
        try AtomicFile.write(Array(checkpoint(2).dropLast()), to: run.paths.last)
        let found = try run.newestCheckpoint()
        #expect(found.path == run.paths.previous)
        #expect(found.warnings.count == 1)
        #expect(found.warnings[0].contains("last.safetensors") && found.warnings[0].contains("7 bytes of data"))
        do {
            _ = try run.newestCheckpoint { _ in "it is of another build" }
            Issue.record("a refused checkpoint was taken")
        } catch {
            #expect(error.description.contains("it is of another build"))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func recordsAreReplacedOrAppended() throws {
        let folder = try TemporaryFolder()
        let run = try create(at: folder.path + "/run")
        let row = EpochRow(
            epoch: 1, step: 2, loss: 1, accuracy: 0.5, validationLoss: 2, validationAccuracy: 0.25, learningRate: 0.001)
        for _ in 0..<2 { try run.replaceMetrics([row]) }
        #expect(try text(run.paths.metrics) == row.jsonLine + "\n")
        #expect(try text(run.paths.history) == EpochRow.csvHeader + "\n" + row.csvLine + "\n")
        let timing = EpochTiming(epoch: 1, seconds: 2, imagesPerSecond: 3, workerCount: 4, generation: 5)
        for _ in 0..<2 { try run.append(.epoch(timing)) }
        #expect(
            try text(run.paths.timings) == String(repeating: RunTimings.Line.epoch(timing).jsonLine + "\n", count: 2))
        try run.append(RunLogLine(time: "now", level: .error, message: "a \"b\""))
        #expect(try text(run.paths.log) == "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\",\"ts\":\"now\"}\n")
        try run.openJournal().append(JournalRecord(kind: 1, payload: [2]))
        #expect(try run.openJournal().recovered == [JournalRecord(kind: 1, payload: [2])])
    }
}
