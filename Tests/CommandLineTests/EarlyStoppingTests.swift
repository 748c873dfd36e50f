import Foundation
import Testing

extension CommandLineTests {
    /// What a user reads about early stopping and about the weights of a result.
    @Suite struct StoppedEarly {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func write(_ settings: String, validation: String = "{split: shuffled, fraction: 0.2}") throws {
            let text = Scratch.smallExperiment.replacingOccurrences(
                of: "{split: shuffled, fraction: 0.2}", with: validation)
            try scratch.write(text + settings, to: "stopped.yaml")
        }

        private func output() throws -> String { String(decoding: try scratch.bytes("output"), as: UTF8.self) }

        @Test func `the epoch, the value and the weights of the test figures are shown`() throws {
            try write(
                "early_stopping: {monitor: val_loss, patience: 1, minimum_change: 100, restore_best_weights: true}\n")
            let end = try Selvedge.run(
                ["train", "stopped.yaml", "--epochs", "9", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            let line = end.lines.first { $0.hasPrefix("Early stopping after epoch 2") }
            #expect(line?.contains("validation loss") ?? false, "\(end.lines)")
            #expect(try output().contains("weights of epoch"))
            let json = String(decoding: try scratch.bytes("run/report.json"), as: UTF8.self)
            #expect(json.contains("\"weights\":{\"epoch\":"))
        }

        @Test func `without early stopping the test figures are of the last weights`() throws {
            let end = try Selvedge.run(["train", "small.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(try output().contains("weights of epoch 2 (last)"))
        }

        @Test func `early stopping without validation is refused`() throws {
            try write("early_stopping: {monitor: val_loss, patience: 1}\n", validation: "none")
            let end = try Selvedge.run(["train", "stopped.yaml", "--run", "run"], in: scratch)
            #expect(end.code == 65 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains("early_stopping") ?? false, "\(end.lines)")
        }

        @Test func `validation on the test set is warned of`() throws {
            try write("early_stopping: {monitor: val_loss, patience: 1}\n", validation: "{set: test}")
            let end = try Selvedge.run(["train", "stopped.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains { $0.hasPrefix("Warning:") && $0.contains("test set") }, "\(end.lines)")
        }

        @Test func `a batch larger than the data takes no memory for the whole batch`() throws {
            let text = Scratch.smallExperiment.replacingOccurrences(of: "batch_size: 512", with: "batch_size: 1000000")
            try scratch.write(text, to: "large.yaml")
            let end = try Selvedge.run(
                ["train", "large.yaml", "--epochs", "1", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
        }
    }
}
