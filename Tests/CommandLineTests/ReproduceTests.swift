import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// Published rows, trained one after another.
    @Suite struct Reproduce {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch(
                Scratch.smallExperiment.replacingOccurrences(
                    of: "data:", with: "published:\n  test_accuracy: 0.05\ndata:"))
        }

        private let command = ["reproduce", "--experiment", "small.yaml", "--directory", "all", "--seeds"]

        private func text(_ name: String) throws -> String { String(decoding: try scratch.bytes(name), as: UTF8.self) }

        @Test func `a finished training is not repeated, whatever command made it`() throws {
            let byHand = try Selvedge.run(
                ["train", "small.yaml", "--seed", "1", "--run", "all/small-seed-1"], in: scratch)
            #expect(byHand.code == 0, "\(byHand.lines)")
            let first = try Selvedge.run(command + ["2", "--workers", "2"], in: scratch)
            #expect(first.code == 0, "\(first.lines)")
            #expect(first.lines.contains("small, seed 2: training") && !first.lines.contains("small, seed 1: training"))
            let output = try text("output")
            #expect(
                output.hasPrefix("# Published figures against ours") && output.contains("| small (SYNTHETIC DATA) |"))
            #expect(output.contains(" (2) |") && output.contains("| met |"))
            #expect(try text("all/reproduction.md") + "\n" == output)
            #expect(try text("all/reproduction.csv").split(separator: "\n").count == 2)
            #expect(try text("all/reproduction.html").contains("SYNTHETIC DATA"))

            let second = try Selvedge.run(command + ["2"], in: scratch)
            #expect(second.code == 0 && second.lines.count == 1, "\(second.lines)")
        }

        @Test func `an interrupted training is taken up again`() throws {
            try scratch.write(
                Scratch.smallExperiment.replacingOccurrences(of: "epochs: 2", with: "epochs: 40"), to: "small.yaml")
            let process = try Selvedge(command + ["1", "--workers", "1"], in: scratch)
            try process.line(containing: "Epoch 1/40")
            process.send(signal: SIGINT)
            let end = try process.end()
            #expect(end.code == 130, "\(end.lines)")
            #expect(try text("all/reproduction.md").contains("not trained yet"))
            let again = try Selvedge.run(command + ["1"], in: scratch)
            #expect(again.code == 0, "\(again.lines)")
            #expect(again.lines.contains("small, seed 1: resuming"))
            #expect(try text("output").contains("| small (SYNTHETIC DATA) |"))
        }

        @Test func `another training in a folder is refused and named in the table`() throws {
            let other = try Selvedge.run(
                ["train", "small.yaml", "--epochs", "1", "--run", "all/small-seed-1"], in: scratch)
            #expect(other.code == 0, "\(other.lines)")
            let end = try Selvedge.run(command + ["1"], in: scratch)
            try #require(end.code == 64 && end.complaints.count == 1, "\(end.lines)")
            #expect(end.complaints[0].contains("all/small-seed-1 holds another training"))
            #expect(try text("output").contains("all/small-seed-1 holds another training"))
        }

        private static let ownFiles = """
            set:
                csv: {training: own.csv, test: own-test.csv, classes: [a, b, c, d, e, f, g, h, i, j]}
            """

        @Test func `a row whose files are missing is listed with the reason and does not fail`() throws {
            let text = Scratch.smallExperiment.replacingOccurrences(of: "set: synthetic", with: Self.ownFiles)
            try scratch.write(text.replacingOccurrences(of: "name: small", with: "name: own"), to: "own.yaml")
            let end = try Selvedge.run(
                ["reproduce", "--experiment", "own.yaml", "small.yaml", "--directory", "all", "--seeds", "2"],
                in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.complaints.count == 1 && end.complaints[0].contains("own.csv"))
            let rows = try self.text("output").split(separator: "\n").filter {
                $0.hasPrefix("| own") || $0.hasPrefix("| small")
            }
            #expect(rows.count == 2 && rows[0].contains("own.csv") && rows[1].contains("| met |"))
        }

        @Test func `a training that fails is named in the table, and the others continue`() throws {
            try scratch.write("not for this", to: "own.csv")
            try scratch.write("not for this", to: "own-test.csv")
            let text = Scratch.smallExperiment.replacingOccurrences(of: "set: synthetic", with: Self.ownFiles)
            try scratch.write(text.replacingOccurrences(of: "name: small", with: "name: own"), to: "own.yaml")
            let end = try Selvedge.run(
                ["reproduce", "--experiment", "own.yaml", "small.yaml", "--directory", "all", "--seeds", "1"],
                in: scratch, environment: ["SELVEDGE_DATA": scratch.path])
            #expect(end.code == 65, "\(end.lines)")
            let output = try self.text("output")
            #expect(output.contains("seed 1 failed with exit code 65") && output.contains("| met |"))
        }

        @Test func `only the table`() throws {
            let end = try Selvedge.run(command + ["1", "--table-only"], in: scratch)
            #expect(end.code == 0 && end.lines.count == 1, "\(end.lines)")
            #expect(try text("output").contains("not trained yet"))
            let none = try Selvedge.run(["reproduce", "--group", "Z"], in: scratch)
            #expect(none.code == 64 && none.lines.count == 1)
        }
    }
}
