import Foundation
import Testing

extension CommandLineTests {
    /// Experiments on files of the user's own.
    @Suite struct OwnData {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            try FileManager.default.createDirectory(
                atPath: scratch.path + "/own", withIntermediateDirectories: false)
            try scratch.write(Self.experiment, to: "own/own.yaml")
            try scratch.write(Self.csv(rowCount: 60, seed: 1), to: "own/train.csv")
            try scratch.write(Self.csv(rowCount: 20, seed: 2), to: "own/test.csv")
            try scratch.write(Self.csv(rowCount: 10, seed: 3), to: "own/validation.csv")
        }

        private static let experiment = """
            name: own
            data:
              set: {csv: {training: train.csv, test: test.csv, classes: [dark, light, loud]}}
              training: {range: [0, 50]}
              validation: {file: validation.csv}
              augmentation: {rotation_degrees: 20, random_crop: {padding: 1}, random_erasing: {}}
            model:
              input: [4, 3, 1]
              layers: [flatten, {dense: {units: 3, activation: softmax}}]
            loss: sparse_categorical_crossentropy
            optimizer: adam
            batch_size: 16
            epochs: 2

            """

        private static func csv(rowCount: Int, seed: Int) -> String {
            let header = "label," + (1...12).map { "pixel\($0)" }.joined(separator: ",") + "\n"
            let rows = (0..<rowCount).map { row -> String in
                let values = (0..<12).map { ($0 * 31 + row * 17 + seed * 7) % 256 }
                return ([row % 3] + values).map { "\($0)" }.joined(separator: ",") + "\n"
            }
            return header + rows.joined()
        }

        /// The error of the program when it cannot use the data: one line.
        private func complaint(code: Int32) throws -> String {
            let end = try Selvedge.run(["train", "own/own.yaml", "--run", "run"], in: scratch)
            #expect(end.code == code, "\(end.lines)")
            #expect(end.lines.count == 1 && end.complaints.count == 1, "\(end.lines)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))
            return end.lines.first ?? ""
        }

        @Test func `files beside the experiment, named by a flag or by a variable give the same bytes`() throws {
            var digests: Set<[String]> = []
            for (index, workers) in ["1", "3"].enumerated() {
                let arguments = ["--epochs", "2", "--threads", "1", "--workers", workers]
                for (way, flags) in [[], ["--data", "own"]].enumerated() {
                    let run = "run-\(index)-\(way)"
                    let end = try Selvedge.run(
                        ["train", "own/own.yaml", "--run", run] + arguments + flags, in: scratch)
                    #expect(end.code == 0, "\(end.lines)")
                    digests.insert(try scratch.digests(run))
                }
            }
            #expect(digests.count == 1)
            let evaluation = ["evaluate", "run-0-0/checkpoints/last.safetensors"]
            let end = try Selvedge.run(evaluation, in: scratch, environment: ["SELVEDGE_DATA": "own"])
            #expect(end.code == 0, "\(end.lines)")
            #expect(String(decoding: try scratch.bytes("output"), as: UTF8.self).contains("loud"))
        }

        @Test func `an error in a file is reported in one line, and nothing is written`() throws {
            let good = Self.csv(rowCount: 60, seed: 1)
            try scratch.write(good.replacingOccurrences(of: ",100,", with: ",256,"), to: "own/train.csv")
            #expect(try complaint(code: 65).contains("\"256\", expected a whole number from 0 to 255"))
            try scratch.write(String(good.dropLast(12)), to: "own/train.csv")
            #expect(try complaint(code: 65).contains("own/train.csv, line 61: it has"))
            try scratch.write("", to: "own/train.csv")
            #expect(try complaint(code: 65).contains("own/train.csv, line 1: it is empty"))
            try scratch.write(Self.csv(rowCount: 49, seed: 1), to: "own/train.csv")
            #expect(try complaint(code: 65).contains("the training range 0 to 50"))
            try FileManager.default.removeItem(atPath: scratch.path + "/own/train.csv")
            #expect(try complaint(code: 66).contains("no file train.csv"))
        }
    }
}
