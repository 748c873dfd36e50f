import ArgumentParser
import Foundation
import Runs
import Testing

@testable import SelvedgeCommand

@Suite struct RunOptionsTests {
    @Test func `a successor takes up the run that was announced, or one that was just made at --run`() throws {
        let scratch = try Scratch()
        var options = RunOptions()
        options.run = scratch.path + "/run"
        options.resume = nil
        #expect(options.runOfPredecessor(announced: "other") == "other")
        #expect(options.runOfPredecessor(announced: nil) == nil)
        try FileManager.default.createDirectory(atPath: scratch.path + "/run", withIntermediateDirectories: false)
        #expect(options.runOfPredecessor(announced: nil) == nil)
        try scratch.write("", to: "run/experiment.yaml")
        #expect(options.runOfPredecessor(announced: nil) == options.run)
        // The checkpoint that the user named is not forgotten.
        options.resume = "checkpoint"
        #expect(options.runOfPredecessor(announced: nil) == nil)
    }

    @Test func `another process gets the flags of files`() throws {
        let flags = ["--run", "run", "--group-readable", "--assume-locks", "--log-every", "7"]
        let options = try RunOptions.parse(flags)
        #expect(options.arguments() == flags)
        #expect(options.folderPolicy == FolderPolicy(access: .group, assumesLocks: true))
        #expect(try RunOptions.parse([]).folderPolicy == FolderPolicy(access: .owner, assumesLocks: false))
    }

    @Test func `layers that do not match can be skipped in the file of --init only`() throws {
        let flags = ["--init", "weights", "--skip-mismatch"]
        #expect(try RunOptions.parse(flags).arguments() == flags)
        #expect(throws: (any Error).self) { try RunOptions.parse(["--skip-mismatch"]) }
    }

    @Test func `a value that may be left out can follow an equals sign`() throws {
        let arguments = OptionalValues.separated(["--resume=auto", "--run=a=b", "--serve", "--", "--resume=x"])
        #expect(arguments == ["--resume", "auto", "--run=a=b", "--serve", "--", "--resume=x"])
        #expect(
            try RunOptions.parse(OptionalValues.separated(["--resume=run/checkpoints/last"])).resume
                == "run/checkpoints/last")
        #expect(try RunOptions.parse(OptionalValues.separated(["--resume"])).resume == "")
    }
}
