import Foundation
import Testing

extension CommandLineTests {
    /// Commands that take a run directory as well as a checkpoint, and what they say about data that do not fit.
    @Suite struct RunArguments {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            let end = try Selvedge.run(["train", "small.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
        }

        private func output(_ arguments: String...) throws -> String {
            let end = try Selvedge.run(arguments, in: scratch)
            #expect(end.code == 0, "\(arguments): \(end.lines)")
            return String(decoding: try scratch.bytes("output"), as: UTF8.self)
        }

        @Test(arguments: [["evaluate"], ["inspect"], ["predict", "test:3"]])
        func `a run directory stands for the checkpoint of its result`(command: [String]) throws {
            let rest = command.dropFirst()
            func result(_ path: String) throws -> String {
                let end = try Selvedge.run([command[0], path] + rest, in: scratch)
                #expect(end.code == 0, "\(end.lines)")
                return String(decoding: try scratch.bytes("output"), as: UTF8.self)
            }
            #expect(try result("run") == result("run/checkpoints/last.safetensors"))
        }

        @Test func `verify and compare take a checkpoint for its run`() throws {
            let end = try Selvedge.run(["verify", "run/checkpoints/last.safetensors"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(try output("compare", "run/checkpoints/last.safetensors").contains("finished"))
        }

        @Test func `the validation samples give the figures of the last epoch`() throws {
            let text = try output("evaluate", "run", "--split", "validation", "--json")
            let row = String(decoding: try scratch.bytes("run/metrics.jsonl"), as: UTF8.self).split(separator: "\n")
                .last
            let accuracy = try #require(row?.firstRange(of: "\"val_accuracy\":").map { row?[$0.upperBound...] ?? "" })
            let value = accuracy.prefix { $0.isNumber || $0 == "." }
            #expect(text.contains("\"accuracy\":\(value)"), "\(text.prefix(200)) \(row ?? "")")
        }

        @Test func `the order of an epoch has every training sample once, and differs between epochs`() throws {
            let first = try output("data", "small.yaml", "--order", "1").split(separator: "\n")
            let second = try output("data", "small.yaml", "--order", "2").split(separator: "\n")
            #expect(first.count == 2400 && Set(first) == Set(second) && first != second)
            #expect(first.allSatisfy { $0.hasPrefix("train:") })
            #expect(try output("data", "small.yaml").contains("training: 2,400\nvalidation: 600\n"))
        }

        @Test func `another experiment is described by the settings that changed`() throws {
            let end = try Selvedge.run(
                ["train", "small.yaml", "--run", "run", "--resume", "--seed", "7", "--batch-size", "64"], in: scratch)
            #expect(end.code == 64 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains("batch_size is 64, not 512; seed is 7, not 1") ?? false, "\(end.lines)")
        }

        @Test func `a shape that does not fit is reported with the file and the line of the layer`() throws {
            try scratch.write(
                Scratch.smallExperiment.replacingOccurrences(of: "[3, 3]", with: "33"), to: "large.yaml")
            let end = try Selvedge.run(["summary", "large.yaml"], in: scratch)
            #expect(end.code == 65 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains("\"large.yaml\", line 8: layer 1 (Conv2D)") ?? false, "\(end.lines)")
        }

        @Test func `a suspended training says that it goes on`() throws {
            let process = try Selvedge(
                ["train", "small.yaml", "--epochs", "100000", "--workers", "1", "--run", "long"], in: scratch)
            try process.line(containing: "Epoch 1/")
            process.send(signal: 20)
            try process.line(containing: "Ctrl-Z cannot pause a training")
            process.send(signal: 2)
            #expect(try process.end().code == 130)
        }
    }
}
