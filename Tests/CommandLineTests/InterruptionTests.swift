import Glibc
import Testing

extension CommandLineTests {
    /// Signals, dead processes, and resuming afterwards.
    @Suite struct Interruptions {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        /// Starts a training with two workers that never finishes, and waits until an epoch is recorded.
        private func start(_ run: String, afterEpoch epoch: Int = 1) throws -> Selvedge {
            let process = try Selvedge(
                ["train", "small.yaml", "--epochs", "100000", "--workers", "2", "--restarts", "0", "--run", run],
                in: scratch)
            try process.line(containing: "Epoch \(epoch)/")
            return process
        }

        /// Resumes a run to the second epoch after its last line, and compares it with an undisturbed one.
        private func expectResumedEqual(_ run: String, after end: Selvedge.End, workers: Int) throws {
            let last = try #require(end.lines.last { $0.hasPrefix("Epoch ") })
            let epoch = try #require(Int(last.dropFirst("Epoch ".count).prefix { $0.isNumber }))
            let flags = ["train", "small.yaml", "--epochs", String(epoch + 2), "--threads", "1", "--workers"]
            let resumed = try Selvedge.run(flags + [String(workers), "--run", run, "--resume"], in: scratch)
            #expect(resumed.code == 0, "\(resumed.lines)")
            let undisturbed = try Selvedge.run(flags + ["1", "--run", "undisturbed"], in: scratch)
            #expect(undisturbed.code == 0, "\(undisturbed.lines)")
            #expect(try scratch.digests(run) == scratch.digests("undisturbed"))
        }

        private func expectWholeCheckpoint(_ run: String) throws {
            let end = try Selvedge.run(["inspect", "\(run)/checkpoints/last.safetensors"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
        }

        @Test func `SIGINT finishes the step and saves, and another number of workers continues with the same bits`()
            throws
        {
            let seed = UInt64.random(in: 0...(.max))
            let epoch = Int(seed % 5) + 1
            print("interrupted after epoch \(epoch) (seed \(seed))")
            let process = try start("run", afterEpoch: epoch)
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            #expect(
                end.complaints.count == 1 && end.complaints[0].contains("is saved: continue with --resume"),
                "\(end.complaints)")
            #expect(scratch.leftovers == [])
            try expectResumedEqual("run", after: end, workers: 3)
        }

        @Test func `SIGTERM saves too and ends with 143`() throws {
            let process = try start("run")
            process.send(signal: SIGTERM)
            let end = try process.end()
            #expect(end.code == 143, "\(end.lines)")
            try expectWholeCheckpoint("run")
        }

        @Test func `a second SIGINT ends at once`() throws {
            let process = try start("run", afterEpoch: 2)
            process.send(signal: SIGINT)
            try process.line(containing: "interrupted: the workers stop after step")
            // Signals within a quarter of a second are one request.
            usleep(260_000)
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            #expect(scratch.leftovers == [])
            try expectWholeCheckpoint("run")
        }

        @Test func `when all workers are killed the run ends with 75, a line names each, and the resumed run is equal`()
            throws
        {
            let process = try start("run")
            let workers = try [process.worker("worker-0"), process.worker("worker-1")]
            kill(workers[1], SIGKILL)
            kill(workers[0], SIGSTOP)
            let end = try process.end()
            #expect(end.code == 75, "\(end.lines)")
            for (worker, how) in zip(workers, ["was stopped by a signal", "SIGKILL"]) {
                let line = end.complaints.first { $0.contains("pid \(worker), host '") }
                #expect(line?.contains(how) ?? false, "\(end.complaints)")
                #expect(line?.contains(", while ") ?? false)
            }
            #expect(end.complaints.last?.contains("continue with --resume") ?? false)
            #expect(scratch.leftovers == [])
            try expectWholeCheckpoint("run")
            try expectResumedEqual("run", after: end, workers: 2)
        }

        @Test(arguments: [SIGKILL, SIGSTOP])
        func `a coordinator that is killed or stopped ends the run with 75`(signal: Int32) throws {
            let process = try start("run", afterEpoch: 3)
            let workers = try [process.worker("worker-0"), process.worker("worker-1")]
            let coordinator = try #require(process.children().first { !workers.contains($0) })
            kill(coordinator, signal)
            let end = try process.end()
            #expect(end.code == 75, "\(end.lines)")
            #expect(end.complaints.count == 1)
            #expect(end.complaints.first?.contains("the coordinator (pid \(coordinator))") ?? false)
            #expect(scratch.leftovers == [])
            try expectWholeCheckpoint("run")
        }

        @Test func `nothing is left behind by a supervisor that was killed`() throws {
            let process = try start("run", afterEpoch: 3)
            process.send(signal: SIGKILL)
            let end = try process.end()
            #expect(end.code == 128 + SIGKILL)
            #expect(scratch.leftovers == [])
            try expectWholeCheckpoint("run")
        }

        @Test func `nothing is left behind by a supervisor that was killed while the report is written`() throws {
            let process = try Selvedge(
                ["train", "small.yaml", "--epochs", "1", "--workers", "2", "--run", "run"], in: scratch)
            let workers = try Set([process.worker("worker-0"), process.worker("worker-1")])
            while try !workers.isDisjoint(with: process.children()) { usleep(1000) }
            process.send(signal: SIGKILL)
            _ = try process.end()
            #expect(scratch.leftovers == [])
        }

        @Test func `a damaged last checkpoint is ignored for the one before`() throws {
            let first = try Selvedge.run(["train", "small.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(first.code == 0, "\(first.lines)")
            let before = try scratch.digests("run")
            try scratch.write("damaged", to: "run/checkpoints/last.safetensors")
            let end = try Selvedge.run(
                ["train", "small.yaml", "--workers", "2", "--run", "run", "--resume"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.complaints.count == 1 && end.complaints[0].contains("last.safetensors"))
            #expect(try scratch.digests("run") == before)
        }

        @Test func `a run continues to more epochs`() throws {
            let flags = ["train", "small.yaml", "--workers", "2"]
            #expect(try Selvedge.run(flags + ["--epochs", "1", "--run", "run"], in: scratch).code == 0)
            let resumed = try Selvedge.run(flags + ["--epochs", "3", "--run", "run", "--resume"], in: scratch)
            #expect(resumed.code == 0, "\(resumed.lines)")
            #expect(try Selvedge.run(flags + ["--epochs", "3", "--run", "whole"], in: scratch).code == 0)
            #expect(try scratch.digests("run") == scratch.digests("whole"))
        }
    }
}
