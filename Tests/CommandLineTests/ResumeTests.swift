import Foundation
import Testing

extension CommandLineTests {
    /// Which run a resumed training continues, and what a user reads about it.
    @Suite struct Resuming {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func train(_ arguments: String...) throws -> Selvedge.End {
            try Selvedge.run(["train", "small.yaml", "--workers", "1"] + arguments, in: scratch)
        }

        private func exists(_ path: String) -> Bool {
            FileManager.default.fileExists(atPath: "\(scratch.path)/\(path)")
        }

        @Test func `a checkpoint continues its own run, not the newest one`() throws {
            #expect(try train("--epochs", "1").code == 0)
            #expect(try train("--epochs", "2").code == 0)
            let other = try scratch.digests("runs/small-2")
            let end = try train("--epochs", "3", "--resume", "runs/small-1/checkpoints/last.safetensors")
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains("Run directory: runs/small-1"), "\(end.lines)")
            #expect(try scratch.digests("runs/small-2") == other)
            #expect(try scratch.digests("runs/small-1") != other)
        }

        @Test func `a run directory can be resumed by its path`() throws {
            #expect(try train("--epochs", "1", "--run", "one").code == 0)
            let end = try train("--epochs", "2", "--resume", "one/")
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains("Run directory: one"), "\(end.lines)")
        }

        @Test func `a checkpoint of one run is not written into another, and a new run gets a copy`() throws {
            #expect(try train("--epochs", "1", "--run", "one").code == 0)
            #expect(try train("--epochs", "2", "--run", "two").code == 0)
            let before = try scratch.digests("two")
            let refused = try train("--run", "two", "--resume", "one/checkpoints/last.safetensors")
            #expect(refused.code == 64 && refused.lines.count == 1, "\(refused.lines)")
            #expect(refused.lines.first?.contains("belongs to the run one") ?? false, "\(refused.lines)")
            let copied = try train(
                "--epochs", "2", "--run", "copy", "--resume", "one/checkpoints/last.safetensors")
            #expect(copied.code == 0, "\(copied.lines)")
            #expect(try scratch.digests("copy") == before)
            #expect(exists("copy/checkpoints/best.safetensors"))
            let verified = try Selvedge.run(["verify", "copy", "--all"], in: scratch)
            #expect(verified.code == 0, "\(verified.lines)")
        }

        @Test func `going back to an earlier epoch takes the best weights back too`() throws {
            #expect(try train("--epochs", "4", "--keep-every", "1", "--run", "run").code == 0)
            let end = try train("--epochs", "2", "--run", "run", "--resume", "run/checkpoints/epoch-0001.safetensors")
            #expect(end.code == 0, "\(end.lines)")
            let verified = try Selvedge.run(["verify", "run", "--all"], in: scratch)
            #expect(verified.code == 0, "\(verified.lines)")
        }

        @Test func `verify finds a best checkpoint that is not of the best epoch`() throws {
            #expect(try train("--epochs", "3", "--keep-every", "1", "--run", "run").code == 0)
            let best = try scratch.bytes("run/checkpoints/best.safetensors")
            let wrong = try (1...3).map { "run/checkpoints/epoch-000\($0).safetensors" }.first {
                try scratch.bytes($0) != best
            }
            try Data(scratch.bytes(try #require(wrong))).write(
                to: URL(fileURLWithPath: scratch.path + "/run/checkpoints/best.safetensors"), options: .atomic)
            let verified = try Selvedge.run(["verify", "run", "--all"], in: scratch)
            #expect(verified.code == 65, "\(verified.lines)")
            #expect(verified.complaints.first?.contains("best epoch") ?? false, "\(verified.lines)")
        }

        @Test func `with nothing to resume the searched folder is named`() throws {
            let end = try train("--resume")
            #expect(end.code == 66 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains("runs/small-1") ?? false, "\(end.lines)")
            #expect(!(end.lines.first?.contains("small-N") ?? true), "\(end.lines)")
        }

        @Test func `after an interruption the whole command to continue is printed, and it continues`() throws {
            let process = try Selvedge(
                ["train", "small.yaml", "--epochs", "100000", "--workers", "1", "--run", "my run"], in: scratch)
            try process.line(containing: "Epoch 1/")
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            let command = "train small.yaml --epochs 100000 --workers 1 --run 'my run' --resume"
            #expect(end.lines.last?.hasSuffix(command) ?? false, "\(end.lines)")
        }
    }
}
