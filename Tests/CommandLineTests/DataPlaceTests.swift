import Foundation
import Testing

extension CommandLineTests {
    /// Where the data are taken from, and that a user reads it.
    @Suite struct DataPlaces {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            try FileManager.default.createDirectory(
                atPath: scratch.path + "/empty", withIntermediateDirectories: false)
        }

        @Test func `a named folder without the set is an error, although the system has a copy`() throws {
            let end = try Selvedge.run(["train", "C-1", "--data", "empty", "--run", "run"], in: scratch)
            #expect(end.code == 66 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains(" in empty:") ?? false, "\(end.lines)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))
        }

        @Test func `a folder in the environment without the set is an error`() throws {
            let end = try Selvedge.run(
                ["train", "C-1", "--run", "run"], in: scratch, environment: ["SELVEDGE_DATA": "empty"])
            #expect(end.code == 66 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains(" in empty:") ?? false, "\(end.lines)")
        }

        @Test func `a named folder does not fall back to the working directory`() throws {
            let text = Scratch.smallExperiment.replacingOccurrences(
                of: "set: synthetic", with: "set: {csv: {training: train.csv, test: train.csv, classes: [a, b]}}")
            try scratch.write(text, to: "own.yaml")
            let header = "label," + (1...784).map { "pixel\($0)" }.joined(separator: ",") + "\n"
            let row = (0..<784).map { "\($0 % 256)" }.joined(separator: ",")
            try scratch.write(header + (0..<20).map { "\($0 % 2),\(row)\n" }.joined(), to: "train.csv")
            let refused = try Selvedge.run(["train", "own.yaml", "--data", "empty", "--run", "run"], in: scratch)
            #expect(refused.code == 66, "\(refused.lines)")
            let end = try Selvedge.run(["train", "own.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains { $0.contains("data: train.csv in .") }, "\(end.lines)")
            // Two classes, ten outputs.
            #expect(end.lines.contains { $0.contains("10 outputs") && $0.contains("2 classes") }, "\(end.lines)")
        }
    }
}
