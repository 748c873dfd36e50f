import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// Processes that die are started again, and the bits are those of an undisturbed run.
    @Suite struct Restarts {
        private let scratch: Scratch
        private static let flags = ["train", "small.yaml", "--epochs", "80", "--threads", "1"]

        init() throws {
            scratch = try Scratch()
        }

        private func start(_ options: String...) throws -> Selvedge {
            try Selvedge(Self.flags + ["--workers", "2", "--run", "run"] + options, in: scratch)
        }

        /// The end of a run that was disturbed: complete, with the digests of one that was not, and nothing left
        /// behind.
        private func expectEqual(_ end: Selvedge.End) throws {
            #expect(end.code == 0, "\(end.lines)")
            #expect(scratch.leftovers == [])
            let undisturbed = try Selvedge.run(Self.flags + ["--workers", "1", "--run", "undisturbed"], in: scratch)
            #expect(undisturbed.code == 0, "\(undisturbed.lines)")
            #expect(try scratch.digests("run") == scratch.digests("undisturbed"))
        }

        /// The coordinator that leads now.
        private func coordinator(of process: Selvedge) throws -> pid_t {
            for _ in 0..<1000 {
                for child in try process.children() {
                    let path = "/proc/\(child)/cmdline"
                    let arguments = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\0")
                    if arguments?.dropFirst().first == "coordinator" { return child }
                }
                usleep(10_000)
            }
            throw Selvedge.Failure(description: "no coordinator runs")
        }

        @Test(arguments: [SIGKILL, SIGSTOP])
        func `a coordinator that is killed or stopped has a successor, and the bits are equal`(signal: Int32) throws {
            let process = try start()
            try process.line(containing: "Epoch 3/")
            let coordinator = try coordinator(of: process)
            kill(coordinator, signal)
            try process.line(containing: "the coordinator (pid \(coordinator))")
            let end = try process.end()
            try expectEqual(end)
            #expect(end.lines.count { $0.hasPrefix("Run directory: ") } == 1, "the run is presented once: \(end.lines)")
        }

        @Test func `a coordinator that dies before there is a run directory begins it anew`() throws {
            let process = try start()
            try kill(coordinator(of: process), SIGKILL)
            try expectEqual(process.end())
        }

        @Test(arguments: [SIGKILL, SIGSTOP])
        func `a worker that is killed or stopped is started again, and the bits are equal`(signal: Int32) throws {
            let process = try start()
            try process.line(containing: "Epoch 2/")
            try kill(process.worker("worker-1"), signal)
            try expectEqual(process.end())
        }

        @Test func `with the restarts spent a lost coordinator ends the run with 75, and --resume continues`() throws {
            let process = try start("--restarts", "1")
            try process.line(containing: "Epoch 2/")
            kill(try coordinator(of: process), SIGKILL)
            try process.line(containing: "starting a successor")
            kill(try coordinator(of: process), SIGKILL)
            let end = try process.end()
            #expect(end.code == 75, "\(end.lines)")
            #expect(end.complaints.count == 1 && end.complaints[0].contains("continue with --resume"))
            try expectEqual(Selvedge.run(Self.flags + ["--run", "run", "--resume"], in: scratch))
        }

        @Test func `SIGHUP saves and ends with 129`() throws {
            let process = try start("--epochs", "100000")
            try process.line(containing: "Epoch 2/")
            process.send(signal: SIGHUP)
            let end = try process.end()
            #expect(end.code == 129, "\(end.lines)")
            #expect(end.complaints.count == 1, "\(end.complaints)")
            #expect(end.complaints.first?.contains("interrupted by signal 1; the state after step ") ?? false)
            #expect(end.complaints.first?.hasSuffix("is saved: continue with --resume --run run") ?? false)
            #expect(scratch.leftovers == [])
        }

        @Test func `SIGINT while no coordinator runs is saved by its successor`() throws {
            let process = try start()
            try process.line(containing: "Epoch 2/")
            kill(try coordinator(of: process), SIGKILL)
            try process.line(containing: "starting a successor")
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            #expect(end.complaints.last?.contains("is saved: continue with --resume") ?? false, "\(end.complaints)")
            #expect(scratch.leftovers == [])
        }
    }
}
