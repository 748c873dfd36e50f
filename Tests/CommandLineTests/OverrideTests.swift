import Foundation
import Testing

extension CommandLineTests {
    /// Values of an experiment that flags replace.
    @Suite struct Overrides {
        private let scratch: Scratch

        init() throws { scratch = try Scratch() }

        private func output(_ arguments: String...) throws -> String {
            let end = try Selvedge.run(arguments, in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            return String(decoding: try scratch.bytes("output"), as: UTF8.self)
        }

        @Test func `a run with overrides is that of the changed file`() throws {
            let changed = Scratch.smallExperiment.replacingOccurrences(
                of: "learning_rate: 0.001", with: "learning_rate: 0.01"
            )
            .replacingOccurrences(of: "filters: 4", with: "filters: 3")
            try scratch.write(changed, to: "changed.yaml")
            let layout = ["--epochs", "1", "--workers", "2", "--threads", "1"]
            let flags = ["--set", "optimizer.adam.learning_rate=0.01", "--set", "model.layers[0].conv2d.filters=3"]
            let first = try Selvedge.run(["train", "changed.yaml", "--run", "file"] + layout, in: scratch)
            let second = try Selvedge.run(["train", "small.yaml", "--run", "flags"] + layout + flags, in: scratch)
            #expect(first.code == 0 && second.code == 0, "\(first.lines) \(second.lines)")
            #expect(try scratch.digests("file") == scratch.digests("flags"))
        }

        @Test func `the values are printed with their sources, and nothing is trained`() throws {
            let text = try output("train", "small.yaml", "--print-config", "--epochs", "1", "--set", "seed=9")
            let rows = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(rows.contains(["epochs", "1", "--epochs"]))
            #expect(rows.contains(["seed", "9", "--set", "seed=9"]))
            #expect(rows.contains(["batch_size", "512", "small.yaml:16"]))
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/runs"))
        }

        @Test func `the keys are listed, and an experiment's text is printed`() throws {
            #expect(try output("train", "--set", "help").contains("model.layers[N].conv2d.filters"))
            let yaml = try output("experiments", "c-1", "--yaml")
            #expect(yaml.hasPrefix("name: C-1\n"))
        }

        @Test func `an unusable override ends with 64 and one line`() throws {
            for (flag, part) in [
                ("batch_size=0", "batch_size"), ("batchsize=1", "did you mean"), ("epochs", "KEY=VALUE"),
            ] {
                let end = try Selvedge.run(["train", "small.yaml", "--set", flag], in: scratch)
                #expect(end.code == 64 && end.lines.count == 1, "\(end.lines)")
                #expect(end.lines.first?.contains(part) ?? false, "\(end.lines)")
            }
        }
    }
}
