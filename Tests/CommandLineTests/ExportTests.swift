import Foundation
import Runs
import Testing

extension CommandLineTests {
    /// Models written for other programs.
    @Suite struct Export {
        private let scratch: Scratch
        private static let checkpoint = "run/checkpoints/last.safetensors"

        init() throws {
            scratch = try Scratch()
            let end = try Selvedge.run(
                ["train", "small.yaml", "--epochs", "1", "--workers", "1", "--threads", "1", "--run", "run"],
                in: scratch)
            try #require(end.code == 0, "\(end.lines)")
        }

        private func export(_ flags: String...) throws -> Selvedge.End {
            try Selvedge.run(["export", Self.checkpoint] + flags, in: scratch)
        }

        @Test func `a file is named after the experiment, and the same checkpoint gives the same bytes`() throws {
            #expect(try export("--to", "onnx").code == 0)
            #expect(try export("--to", "onnx", "--output", "other.onnx").code == 0)
            let bytes = try scratch.bytes("small.onnx")
            #expect(try bytes == scratch.bytes("other.onnx"))
            let text = String(decoding: bytes, as: Unicode.ASCII.self)
            for part in ["conv1.weight", "pixels", "logits", "outputs", "checkpoint_sha256", "T-shirt/top"] {
                #expect(text.contains(part), "\(part)")
            }
        }

        @Test func `a model card has the figures of the exported weights, and of no others`() throws {
            func card() throws -> String {
                let end = try export("--to", "safetensors", "--card", "README.md")
                #expect(end.code == 0, "\(end.lines)")
                return String(decoding: try scratch.bytes("README.md"), as: UTF8.self)
            }
            let text = try card()
            #expect(
                text.hasPrefix("---\nlibrary_name: selvedge\n") && text.contains("\nmodel-index:\n- name: \"small\"\n"))
            #expect(text.contains("      split: test\n") && text.contains("| Test accuracy | 0."), "\(text)")
            #expect(text.contains("`small.safetensors` was written by `selvedge export --to safetensors`"))
            // A report on later weights says nothing about these.
            let report = String(decoding: try scratch.bytes("run/report.json"), as: UTF8.self)
            try scratch.write(
                report.replacing("\"weights\":{\"epoch\":1", with: "\"weights\":{\"epoch\":2"), to: "run/report.json")
            let other = try card()
            #expect(!other.contains("Test accuracy") && other.contains("no report on the test set"), "\(other)")
        }

        @Test func `a card names own data, and gives no figure of validation as one of a test`() throws {
            let text = Scratch.smallExperiment.replacingOccurrences(
                of: "set: synthetic", with: "set: {csv: {training: sets/boots.csv, classes: [a, b]}}\n  test: none")
            try scratch.write(text, to: "own.yaml")
            let header = "label," + (1...784).map { "pixel\($0)" }.joined(separator: ",") + "\n"
            let row = (0..<784).map { "\($0 % 256)" }.joined(separator: ",")
            try FileManager.default.createDirectory(atPath: scratch.path + "/sets", withIntermediateDirectories: false)
            try scratch.write(header + (0..<20).map { "\($0 % 2),\(row)\n" }.joined(), to: "sets/boots.csv")
            for arguments in [
                ["train", "own.yaml", "--epochs", "1", "--workers", "1", "--threads", "1", "--run", "own"],
                ["export", "own", "--to", "safetensors", "--card", "README.md"],
            ] {
                let end = try Selvedge.run(arguments, in: scratch)
                try #require(end.code == 0, "\(end.lines)")
            }
            let report = try JSONValue(parsing: scratch.bytes("own/report.json")).object
            #expect(report?["split"]?.string == "validation" && report?["test"] == nil)
            #expect(report?["validation"]?.object?["samples"]?.whole == 4)
            let card = String(decoding: try scratch.bytes("README.md"), as: UTF8.self)
            #expect(card.contains(" on sets/boots.csv, seed 1.") && !card.contains("\ndatasets:"), "\(card)")
            #expect(
                card.contains("      name: \"sets/boots.csv\"\n      type: \"csv\"\n      split: validation\n"),
                "\(card)")
            #expect(
                card.contains("| Validation accuracy | ") && card.contains("The experiment has no test set."), "\(card)"
            )
        }

        @Test func `exported weights are read by --init`() throws {
            #expect(try export("--to", "safetensors").code == 0)
            #expect(try export("--to", "torch", "--output", "torch").code == 0)
            #expect(try scratch.bytes("small.safetensors") == scratch.bytes("torch/model.safetensors"))
            let end = try Selvedge.run(
                [
                    "train", "small.yaml", "--epochs", "1", "--workers", "1", "--threads", "1", "--run", "second",
                    "--init", "torch/model.safetensors",
                ], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
        }

        @Test func `a folder with a program for PyTorch, and an archive for NumPy`() throws {
            #expect(try export("--to", "torch").code == 0)
            let program = String(decoding: try scratch.bytes("small-torch/model.py"), as: UTF8.self)
            for line in [
                "OUTPUT = nn.Sigmoid()",
                "(\"conv1\", nn.Conv2d(1, 4, (3, 3), stride=(1, 1), padding=(0, 0))),",
                "(\"relu\", nn.ReLU()),", "(\"relu_2\", nn.ReLU()),", "(\"fc2\", nn.Linear(8, 10)),",
            ] { #expect(program.contains(line), "\(line)") }
            #expect(try export("--to", "npz").code == 0)
            #expect(try scratch.bytes("small.npz").starts(with: "PK".utf8))
        }

        @Test func `an archive for Keras is the same each time`() throws {
            for name in ["one.keras", "two.keras"] { #expect(try export("--to", "keras", "--output", name).code == 0) }
            let bytes = try scratch.bytes("one.keras")
            #expect(try bytes == scratch.bytes("two.keras"))
            let text = String(decoding: bytes, as: Unicode.ASCII.self)
            for part in ["config.json", "metadata.json", "model.weights.h5", "\"class_name\": \"Conv2D\"", "sigmoid"] {
                #expect(text.contains(part), "\(part)")
            }
        }

        @Test func `unknown forms, missing checkpoints and unsuitable outputs are refused in one line`() throws {
            func expect(_ end: Selvedge.End, _ code: Int32, _ parts: String...) {
                #expect(end.code == code && end.lines.count == 1, "\(end.lines)")
                for part in parts { #expect(end.lines.first?.contains(part) ?? false, "\(part) in \(end.lines)") }
            }
            expect(try export("--to", "pickle"), 64, "pickle", "onnx")
            expect(try Selvedge.run(["export", "absent", "--to", "onnx"], in: scratch), 66, "absent")
            expect(try Selvedge.run(["export", "small.yaml", "--to", "onnx"], in: scratch), 65, "small.yaml")
            expect(try export("--to", "onnx", "--output", "run"), 64, "run is a folder")
            expect(try export("--to", "onnx", "--output", "no/such/file"), 66, "no/such")
        }
    }
}
