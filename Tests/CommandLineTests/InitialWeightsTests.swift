import Foundation
import Testing

extension CommandLineTests {
    /// Trainings that begin with the weights of a file.
    @Suite struct InitialWeights {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch(Self.experiment)
            for name in ["small.h5", "small.weights.h5", "other.weights.h5", "keras-2-notop.h5"] {
                try FileManager.default.copyItem(atPath: Self.fixture(name), toPath: "\(scratch.path)/\(name)")
            }
        }

        private static func fixture(_ name: String) -> String {
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Support/KerasWeights/\(name)").path
        }

        /// The model of small.h5 (scripts/make-keras-weights).
        private static let experiment = """
            name: small
            data:
              set: synthetic
              validation: {split: shuffled, fraction: 0.2}
            model:
              input: [28, 28, 1]
              layers:
                - conv2d: {filters: 2, kernel: [3, 3], padding: valid, activation: relu, name: block1_conv1}
                - max_pool2d
                - conv2d: {filters: 3, kernel: [3, 3], padding: valid, activation: relu, name: block2_conv1}
                - max_pool2d
                - flatten
                - dense: {units: 4, activation: relu}
                - dense: {units: 10, activation: softmax}
            loss: sparse_categorical_crossentropy
            optimizer: adam
            batch_size: 512
            epochs: 2
            seed: 1

            """

        @discardableResult
        private func train(_ run: String, _ flags: [String]) throws -> [String] {
            let end = try Selvedge.run(
                ["train", "small.yaml", "--threads", "1", "--run", run] + flags, in: scratch)
            #expect(end.code == 0, "\(flags): \(end.lines)")
            return try scratch.digests(run)
        }

        @Test func `the number of workers and the form of the file change nothing`() throws {
            let reference = try train("one", ["--epochs", "1", "--workers", "1", "--init", "small.weights.h5"])
            #expect(try train("two", ["--epochs", "1", "--workers", "2", "--init", "small.weights.h5"]) == reference)
            #expect(try train("random", ["--epochs", "1", "--workers", "1"]) != reference)
            // Other bytes hold the same weights: the metrics agree, and the checkpoint has the digest of the file.
            let other = try train("other", ["--epochs", "1", "--workers", "1", "--init", "small.h5"])
            #expect(other[1] == reference[1] && other[0] != reference[0])
        }

        @Test func `a run continues without the file`() throws {
            let whole = try train("whole", ["--workers", "2", "--init", "small.h5"])
            try train("halves", ["--workers", "1", "--epochs", "1", "--init", "small.h5"])
            try FileManager.default.removeItem(atPath: scratch.path + "/small.h5")
            #expect(try train("halves", ["--workers", "2", "--epochs", "2", "--resume"]) == whole)
        }

        @Test func `a layer group takes its weights, and the rest is drawn`() throws {
            let weights = "initial_weights: {file: keras-2-notop.h5, layers: vgg16}\nloss:"
            try scratch.write(Self.experiment.replacingOccurrences(of: "loss:", with: weights), to: "small.yaml")
            let reference = try train("one", ["--epochs", "1", "--workers", "1"])
            #expect(try train("two", ["--epochs", "1", "--workers", "2"]) == reference)
            try FileManager.default.removeItem(atPath: scratch.path + "/keras-2-notop.h5")
            try expect(["--run", "three"], 66, "keras-2-notop.h5", "--init")
        }

        @Test func `a run continues from the newest run of another experiment`() throws {
            let other = Self.experiment.replacingOccurrences(of: "name: small", with: "name: second")
                .replacingOccurrences(of: "loss:", with: "initial_weights: {run: small}\nloss:")
            try scratch.write(other, to: "second.yaml")
            func second() throws -> Selvedge.End {
                try Selvedge.run(["train", "second.yaml", "--workers", "1", "--run", "second"], in: scratch)
            }
            let early = try second()
            #expect(early.code == 66 && early.lines.count == 1, "\(early.lines)")
            #expect(early.lines.first?.contains("train small first") ?? false, "\(early.lines)")
            let first = try Selvedge.run(["train", "small.yaml", "--epochs", "1", "--workers", "1"], in: scratch)
            #expect(first.code == 0, "\(first.lines)")
            #expect(try second().code == 0)
            let named = try Selvedge.run(
                [
                    "train", "second.yaml", "--workers", "2", "--run", "named", "--init",
                    "runs/small-1/checkpoints/last.safetensors",
                ], in: scratch)
            #expect(named.code == 0, "\(named.lines)")
            #expect(try scratch.digests("second") == scratch.digests("named"))
        }

        private func expect(_ flags: [String], _ code: Int32, _ parts: String...) throws {
            let end = try Selvedge.run(["train", "small.yaml", "--workers", "1"] + flags, in: scratch)
            #expect(end.code == code, "\(flags): \(end.lines)")
            #expect(end.lines.count == 1 && end.complaints.count == 1, "\(end.lines)")
            for part in parts { #expect(end.lines.first?.contains(part) ?? false, "\(part) in \(end.lines)") }
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/runs"))
        }

        @Test func `files that crash libhdf5`() throws {
            let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fuzz/Corpus/keras")
            let kept = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            try #require(!kept.isEmpty)
            for file in kept { try expect(["--init", file.path], 65, file.lastPathComponent, "damaged") }
        }

        @Test func `files that are missing, of another model, or none`() throws {
            try expect(["--init", "absent.h5"], 66, "absent.h5")
            try expect(["--init", "other.weights.h5"], 65, "other.weights.h5", "block2_conv1.weight", "fc1.weight")
            try expect(["--init", "small.yaml"], 65, "small.yaml")
            try expect(["--init", "small.h5", "--resume"], 64, "--init", "--resume")
            try Data(scratch.bytes("small.h5").dropLast(2000))
                .write(to: URL(fileURLWithPath: scratch.path + "/short.h5"))
            try expect(["--init", "short.h5"], 65, "short.h5", "download it again")
        }
    }
}
