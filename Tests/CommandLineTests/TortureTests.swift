import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// Faults on purpose, and the bits that stay the same.
    @Suite struct Torture {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private struct Report: Decodable {
            struct Row: Decodable {
                var kind: String
                var runs: Int
            }

            var runs: Int
            var equalRuns: Int
            var rows: [Row]
        }

        /// The JSON that the last command printed.
        private func report() throws -> Report {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Report.self, from: Data(scratch.bytes("output")))
        }

        @Test func `every kind of fault leaves the same bits`() throws {
            let flags = ["--runs", "21", "--seed", "4", "--workers", "1..3", "--deadline", "50", "--json"]
            let end = try Selvedge.run(["torture", "small.yaml"] + flags, in: scratch)
            #expect(end.code == 0, "\(end.lines.joined(separator: "\n"))")
            let report = try report()
            #expect(report.runs == 21 && report.equalRuns == 21)
            #expect(report.rows.count == 20 && report.rows.allSatisfy { $0.runs > 0 }, "\(report.rows)")
            #expect(scratch.leftovers == [])
        }

        @Test func `SIGTERM to every process at random moments leaves the same bits, and no step is lost`() throws {
            let flags = ["--runs", "2", "--epochs", "1", "--workers", "1..3", "--terminate-all", "--json"]
            let end = try Selvedge.run(["torture", "small.yaml"] + flags, in: scratch)
            #expect(end.code == 0, "\(end.lines.joined(separator: "\n"))")
            let report = try report()
            #expect(report.runs == 2 && report.equalRuns == 2 && report.rows.isEmpty)
            #expect(scratch.leftovers == [])
        }

        @Test func `Ctrl-C ends all processes, leaves no equal run, and prints how to continue`() throws {
            let flags = ["--runs", "200", "--workers", "2", "--fault", "kill worker=1 step=2", "--directory", "t"]
            let process = try Selvedge(["torture", "small.yaml", "--epochs", "1"] + flags, in: scratch)
            try process.line(containing: "run 0, 2 workers")
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130 && end.complaints.count == 1, "\(end.lines)")
            let last = try #require(end.lines.last)
            let next = end.lines.count { $0.hasPrefix("run ") }
            #expect(last.contains("--seed 1 --first \(next) --runs \(200 - next) --workers 2 --fault "), "\(last)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/t"))
            #expect(scratch.leftovers == [])
        }

        @Test func `a fault without recovery is reported with the flag that repeats it`() throws {
            try scratch.write("faults: ['flip-checkpoint coordinator step=1 element=60000 bit=1']\n", to: "plan.yaml")
            let flags = ["train", "small.yaml", "--workers", "1", "--epochs", "1", "--run"]
            let damaged = try Selvedge.run(flags + ["damaged", "--fault-plan", "plan.yaml"], in: scratch)
            #expect(damaged.code == 0, "\(damaged.lines)")
            let whole = try Selvedge.run(flags + ["whole"], in: scratch)
            #expect(whole.code == 0, "\(whole.lines)")
            let digests = try (scratch.digests("damaged"), scratch.digests("whole"))
            #expect(digests.0[0] != digests.1[0] && digests.0[1] == digests.1[1])
            let replay = "(again with: --fault 'flip-checkpoint coordinator step=1 bit=1 element=60000')"
            #expect(damaged.lines.contains { $0.hasSuffix(replay) }, "\(damaged.lines)")
            #expect(!damaged.lines.contains { $0.contains("never triggered") }, "\(damaged.lines)")
        }

        @Test func `a fault that was never triggered is named at the end`() throws {
            let end = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "1", "--fault", "kill worker=0 step=5000"],
                in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.last?.hasPrefix("fault 'kill worker=0 step=5000' was never triggered") ?? false)
        }

        /// Runs the program, which has to print exactly one line that contains all parts.
        private func expectRefused(
            _ arguments: [String], code: Int32, _ parts: String..., location: SourceLocation = #_sourceLocation
        ) throws {
            let end = try Selvedge.run(arguments, in: scratch)
            #expect(end.code == code && end.lines.count == 1, "\(end.lines)", sourceLocation: location)
            for part in parts {
                #expect(end.lines.first?.contains(part) ?? false, "\(part) in \(end.lines)", sourceLocation: location)
            }
            #expect(scratch.leftovers == [], sourceLocation: location)
        }

        @Test func `plans that cannot be carried out are refused with what exists`() throws {
            let train = ["train", "small.yaml", "--workers", "2", "--run", "run"]
            try expectRefused(train + ["--fault", "kil worker=1 step=7"], code: 64, "\"kil\"", "kill, stop, slow")
            try expectRefused(train + ["--fault", "kill worker=2 step=7"], code: 64, "no worker 2", "0 to 1")
            try expectRefused(
                train + ["--fault", "kill worker=1 phase=nowhere"], code: 64, "\"nowhere\"", "reduce-scatter")
            try expectRefused(train + ["--faults", "7"], code: 64, "random:SEED")
            try expectRefused(train + ["--faults", "random:7", "--rate", "0"], code: 64, "--rate")
            try expectRefused(train + ["--rate", "5"], code: 64, "--rate", "add --faults random:SEED")
            try scratch.write("faults:\n  - kill worker=0 step=1\n  - kill worker=0\n", to: "plan.yaml")
            try expectRefused(train + ["--fault-plan", "plan.yaml"], code: 65, "\"plan.yaml\", line 3", "step=NUMBER")
            try scratch.write("faults: [kill worker=2 step=1]\n", to: "plan.yaml")
            try expectRefused(train + ["--fault-plan", "plan.yaml"], code: 65, "\"plan.yaml\": ", "no worker 2")
            try expectRefused(train + ["--fault-plan", "absent.yaml"], code: 66, "absent.yaml")
            let torture = ["torture", "small.yaml"]
            try expectRefused(torture + ["--kinds", "kill,maim"], code: 64, "\"maim\"", "flip-gradient")
            try expectRefused(torture + ["--workers", "4..2"], code: 64, "4..2")
        }
    }
}
