import Foundation
import Runs
import Testing

@testable import SelvedgeCommand

extension CommandLineTests {
    /// How much is printed, in which form, and what only looks.
    @Suite struct Outputs {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func train(_ arguments: String...) throws -> Selvedge.End {
            try Selvedge.run(["train", "small.yaml", "--workers", "1", "--epochs", "1"] + arguments, in: scratch)
        }

        private func object() throws -> [String: Any] {
            let json = try JSONSerialization.jsonObject(with: Data(scratch.bytes("output")))
            return try #require(json as? [String: Any])
        }

        @Test func `a quiet training prints only its result`() throws {
            let end = try train("--run", "run", "-q")
            #expect(end.code == 0 && end.lines.isEmpty, "\(end.lines)")
            #expect(String(decoding: try scratch.bytes("output"), as: UTF8.self).contains("weighted avg"))
        }

        @Test func `a verbose training prints what goes to the log`() throws {
            let usual = try train("--run", "one")
            let verbose = try train("--run", "two", "-v")
            #expect(verbose.code == 0 && verbose.complaints.isEmpty, "\(verbose.lines)")
            #expect(verbose.lines.contains { $0.hasPrefix("after step 5 a checkpoint") }, "\(verbose.lines)")
            #expect(!usual.lines.contains { $0.contains("checkpoint of") }, "\(usual.lines)")
            #expect(try train("-q", "-v").code == 64)
        }

        @Test func `a dry run checks everything and writes nothing`() throws {
            let end = try train("--run", "run", "--dry-run")
            #expect(end.code == 0, "\(end.lines)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))
            let text = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            #expect(text.contains("samples: 2,400 training, 600 validation, 500 test"), "\(text)")
            #expect(text.contains("steps: 1 epoch of 5 steps, batch 512"), "\(text)")
            #expect(text.contains("processes: 1 worker of "), "\(text)")
        }

        @Test func `every command's JSON names its schema, its command and the version`() throws {
            #expect(try train("--run", "run", "--json").code == 0)
            let trained = try object()
            #expect(trained["run"] as? String == "run" && trained["workers"] as? Int == 1)
            #expect((trained["seconds"] as? Double ?? 0) > 0)
            for (command, arguments) in [
                ("train", []), ("evaluate", ["run"]), ("predict", ["run", "test:1"]), ("compare", ["run"]),
                ("verify", ["run"]),
            ] {
                if command != "train" {
                    let end = try Selvedge.run([command] + arguments + ["--json"], in: scratch)
                    #expect(end.code == 0, "\(end.lines)")
                }
                let object = try object()
                #expect(object["schema"] as? Int == 2 && object["command"] as? String == command, "\(command)")
                #expect(object["version"] is String)
                for name in names(in: object) { #expect(name == name.lowercased(), "\(command): \(name)") }
            }
        }

        /// All names of members except those of classes and tensors, which are data.
        private func names(in value: Any) -> [String] {
            if let list = value as? [Any] { return list.flatMap(names) }
            guard let object = value as? [String: Any] else { return [] }
            return object.filter { $0.key != "classification_report" }.flatMap { [$0.key] + names(in: $0.value) }
        }

        /// The one event file in a folder for TensorBoard.
        private func events(_ folder: String) throws -> Data {
            let path = "\(scratch.path)/run/tensorboard/\(folder)"
            let files = try FileManager.default.contentsOfDirectory(atPath: path)
            #expect(files.count == 1 && files[0].hasPrefix("events.out.tfevents."))
            return Data(try scratch.bytes("run/tensorboard/\(folder)/\(files[0])"))
        }

        @Test func `event files for TensorBoard begin with their version, and have curves over steps and gradients`()
            throws
        {
            // A point of all the epoch's steps has the epoch's figures.
            #expect(try train("--run", "run", "--log-every", "5").code == 0)
            for folder in ["train", "validation", "steps", "steps_validation"] {
                #expect(String(decoding: try events(folder)[23..<36], as: UTF8.self) == "brain.Event:2")
            }
            let rows = try EpochRow.rows(jsonLines: String(decoding: scratch.bytes("run/metrics.jsonl"), as: UTF8.self))
            let row = try #require(rows.first)
            for (tag, value) in [("batch_loss", row.loss), ("batch_accuracy", row.accuracy)] {
                let bits = withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) }
                // The field with the value follows the tag.
                #expect(try events("steps").range(of: Data(Array(tag.utf8) + [0x15] + bits)) != nil, "\(tag)")
            }
            let texts = ["weights/", "gradients/", "_output_shapes"]
            for text in texts { #expect(try events("train").range(of: Data(text.utf8)) != nil, "\(text)") }
            #expect(try train("--log-every", "-1").code == 64)
        }
    }
}
