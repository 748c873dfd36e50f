import Core
import Glibc
import TestSupport
import Testing

@testable import Runs

/// What somebody else put into a run directory, or may put there, changes nothing outside of it.
@Suite struct FolderSafetyTests {
    private let digest = SHA256Digest(of: [1])
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path("run")
        try folder.write("victim", to: "victim")
        _ = try RunDirectory.create(at: path, experiment: "name: x\n", digest: digest)
    }

    /// Puts a link to the file `victim` in place of an entry of the run directory.
    private func linkToVictim(_ name: String) {
        unlink("\(path)/\(name)")
        #expect(symlink("../victim", "\(path)/\(name)") == 0)
    }

    /// The message of an error that is about a link and does not change the victim.
    private func expectRefusedLink(_ name: String, _ body: () throws -> Void) throws {
        linkToVictim(name)
        do {
            try body()
            Issue.record("the link \(name) was followed")
        } catch {
            let message = String(describing: error)
            #expect(message.contains("\(path)/\(name)") && message.contains("symbolic link"), "\(message)")
            #expect(!message.contains("\n"))
        }
        #expect(try folder.text("victim") == "victim")
        unlink("\(path)/\(name)")
    }

    @Test func aLinkInPlaceOfTheLockIsNotFollowed() throws {
        try expectRefusedLink("lock") { _ = try reopen(path, digest: digest) }
    }

    @Test func linksInPlaceOfAppendedFilesAreNotFollowed() throws {
        let run = try reopen(path, digest: digest)
        let line = RunLogLine(time: "", level: .info, message: "")
        try expectRefusedLink("log.jsonl") { try run.append(line) }
        let timing = EpochTiming(epoch: 1, seconds: 1, imagesPerSecond: 1, workerCount: 1, generation: 1)
        try expectRefusedLink("timings.jsonl") { try run.append(.epoch(timing)) }
        try expectRefusedLink("journal") { _ = try run.openJournal() }
    }

    @Test func aLinkInPlaceOfAReplacedFileIsReplacedItself() throws {
        let run = try reopen(path, digest: digest)
        linkToVictim("metrics.jsonl")
        try run.replaceMetrics([])
        #expect(try folder.text("victim") == "victim")
        #expect(try folder.text("run/metrics.jsonl") == "")
    }

    @Test func aLinkInPlaceOfTheFolderOfCheckpointsIsNotFollowed() throws {
        try folder.write("", to: "run/checkpoints/x")
        #expect(mkdir(folder.path("elsewhere"), 0o700) == 0)
        #expect(rename("\(path)/checkpoints", "\(path)/moved") == 0)
        #expect(symlink("../elsewhere", "\(path)/checkpoints") == 0)
        #expect(throws: RunDirectoryError.self) {
            try reopen(path, digest: digest).saveCheckpoint([1], isBest: false)
        }
        #expect(try FileOperations().list(folder.path("elsewhere")) == [])
    }

    @Test func theRunDirectoryThatWasOpenedIsUsedAfterAnotherTookItsPath() throws {
        let run = try reopen(path, digest: digest)
        #expect(rename(path, folder.path("moved")) == 0)
        #expect(mkdir(path, 0o700) == 0)
        try run.replaceMetrics([])
        #expect(folder.exists("moved/metrics.jsonl"))
        #expect(try FileOperations().list(path) == [])
    }

    @Test func foldersAndFilesAreForTheirOwnerOnly() throws {
        let old = umask(0)
        defer { umask(old) }
        let run = try RunDirectory.create(at: folder.path("other"), experiment: "", digest: digest)
        try run.saveCheckpoint([1], isBest: true)
        try run.append(RunLogLine(time: "", level: .info, message: ""))
        let modes: [(String, mode_t)] = [
            ("", 0o700), ("/checkpoints", 0o700), ("/lock", 0o600), ("/experiment.yaml", 0o600),
            ("/log.jsonl", 0o600), ("/checkpoints/last.safetensors", 0o600),
        ]
        for (name, mode) in modes {
            var status = stat()
            #expect(stat(folder.path("other") + name, &status) == 0)
            #expect(status.st_mode & 0o777 == mode, "\(name)")
        }
    }

    @Test(arguments: [0o720, 0o702, 0o777] as [mode_t]) func aFolderThatOthersCanWriteIsRefused(mode: mode_t) throws {
        #expect(chmod(path, mode) == 0)
        do {
            _ = try reopen(path, digest: digest)
            Issue.record("the folder was used")
        } catch {
            let message = String(describing: error)
            #expect(message.contains(path) && message.contains("chmod go-w"), "\(message)")
        }
    }
}
