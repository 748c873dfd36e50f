import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// What cannot be used is refused with one line and the right exit code.
    @Suite struct BadInput {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        /// Runs the program, which has to print exactly one line that contains all parts.
        private func expect(
            _ arguments: [String], code: Int32, _ parts: String..., environment: [String: String] = [:],
            location: SourceLocation = #_sourceLocation
        ) throws {
            let end = try Selvedge.run(arguments, in: scratch, environment: environment)
            #expect(end.code == code, "\(arguments): \(end.lines)", sourceLocation: location)
            #expect(
                end.lines.count == 1 && end.complaints.count == 1, "\(arguments): \(end.lines)",
                sourceLocation: location)
            for part in parts {
                #expect(end.lines.first?.contains(part) ?? false, "\(part) in \(end.lines)", sourceLocation: location)
            }
            #expect(scratch.leftovers == [], sourceLocation: location)
        }

        /// Runs the small experiment with one text of it replaced.
        private func expect(
            replacing old: String, with new: String, code: Int32, _ part: String,
            location: SourceLocation = #_sourceLocation
        ) throws {
            try scratch.write(Scratch.smallExperiment.replacingOccurrences(of: old, with: new), to: "changed.yaml")
            try expect(["train", "changed.yaml"], code: code, part, location: location)
        }

        @Test func `arguments`() throws {
            try expect(["trian"], code: 64, "'trian'", "train", "--help")
            try expect(["train", "A-11"], code: 64, "A-11", "A-1")
            try expect(["train", "A-1", "--epoch", "2"], code: 64, "--epochs")
            try expect(["train", "A-1", "--epochs", "0"], code: 64, "epochs")
            try expect(["train", "A-1", "--workers", "two"], code: 64, "two", "--workers")
            try expect(["train", "A-1", "--workers", "0"], code: 64, "--workers")
            try expect(["train", "A-1", "--workers", "9"], code: 64, "9 workers", "8 micro-batches")
            try expect(["train", "A-1", "--batch-size", "0"], code: 64, "batch_size")
            try expect(["train", "A-1", "--micro-batches", "3"], code: 64, "micro_batches")
            try expect(["inspect"], code: 64, "<file>")
        }

        @Test func `arguments of the supervisor`() throws {
            try expect(["train", "A-1", "--restarts", "-1"], code: 64, "restarts")
            try expect(["train", "A-1", "--min-workers", "0"], code: 64, "--min-workers")
            try expect(
                ["train", "A-1", "--workers", "2", "--min-workers", "3"], code: 64, "--min-workers 3", "2 workers")
            try expect(["train", "A-1", "--spares", "-1"], code: 64, "--spares")
            try expect(["train", "A-1", "--spares", "65"], code: 64, "--spares", "64")
            for share in ["-0.1", "1.5", "nan", "x"] {
                try expect(["train", "A-1", "--audit", share], code: 64, "--audit")
            }
            let normalized = Scratch.smallExperiment.replacingOccurrences(
                of: "- flatten", with: "- batch_norm\n    - flatten")
            try scratch.write(normalized, to: "normalized.yaml")
            try expect(["train", "normalized.yaml", "--audit", "1", "--run", "run"], code: 64, "--audit", "ghost")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))
        }

        @Test func `environment`() throws {
            try expect(
                ["train", "small.yaml"], code: 64, "SELVEDGE_ISA=mmx", "portable", environment: ["SELVEDGE_ISA": "mmx"])
            try expect(["train", "small.yaml"], code: 64, "SELVEDGE_WORKERS=0", environment: ["SELVEDGE_WORKERS": "0"])
            try expect(["train", "small.yaml"], code: 64, "SELVEDGE_THREADS=x", environment: ["SELVEDGE_THREADS": "x"])
        }

        @Test func `experiment files`() throws {
            try expect(["train", "absent.yaml"], code: 66, "absent.yaml")
            try expect(replacing: "units: 8", with: "unit: 8", code: 65, "units")
            try expect(replacing: "units: 8", with: "units: many", code: 65, "line 11")
            try expect(replacing: "[3, 3]", with: "[33, 33]", code: 65, "layer 1 (Conv2D)")
            try expect(replacing: "epochs: 2", with: "epochs: -2", code: 65, "line")
            try scratch.write("a: [\n", to: "broken.yaml")
            try expect(["train", "broken.yaml"], code: 65, "broken.yaml")
            try scratch.write("", to: "empty.yaml")
            try expect(["train", "empty.yaml"], code: 65, "empty.yaml")
        }

        @Test func `checkpoints`() throws {
            try expect(["evaluate", "absent"], code: 66, "absent")
            try expect(["inspect", "small.yaml"], code: 65, "small.yaml", "not a valid safetensors file")
            try expect(["train", "small.yaml", "--resume"], code: 66, "runs/small")
        }

        @Test func `data`() throws {
            try expect(["train", "A-1", "--data", "absent"], code: 66, "absent", "--data")
            try FileManager.default.createDirectory(
                atPath: scratch.path + "/data", withIntermediateDirectories: false)
            // The header of a labels file, and the first of its labels.
            let header: [UInt8] = [0, 0, 8, 1, 0, 0, 0xEA, 0x60]
            let name = "train-labels-idx1-ubyte"
            try Data(header + [0]).write(to: URL(fileURLWithPath: "\(scratch.path)/data/\(name)"))
            try expect(["train", "A-1", "--data", "data"], code: 65, "data/\(name)", "9 bytes")
        }

        @Test func `addresses`() throws {
            let coordinator = ["coordinator", "small.yaml", "--listen"]
            for address in ["tcp://0.0.0.0:5555", "tcp://127.0.0.1:5555", "ipc://@selvedge", "ipc:///tmp/selvedge"] {
                try expect(coordinator + [address], code: 64, address, "--key-file", "--insecure")
            }
            try expect(coordinator + ["tcp://127.0.0.1:99999"], code: 64, "port")
            try expect(coordinator + ["ipc://absent/control"], code: 69, "ipc://absent/control")
            try expect(coordinator + ["tcp://127.0.0.1:0", "--min-workers", "9"], code: 64, "--min-workers 9")
            try expect(
                ["worker", "--coordinator", "tcp://127.0.0.1:5555"], code: 64, "tcp://127.0.0.1:5555", "--key-file")
            try expect(["worker", "--coordinator", "nowhere"], code: 64, "tcp://HOST:PORT")
            try scratch.makeKeys()
            let keys = ["--key-file", "job.worker"]
            try expect(["worker", "--coordinator", "tcp://nowhere.invalid:1"] + keys, code: 69, "nowhere.invalid")
        }

        @Test func `a port that is taken`() throws {
            let first = try Selvedge(
                ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--insecure"], in: scratch)
            let address = String(try first.line(containing: "Listening on ").dropFirst("Listening on ".count))
            try expect(["coordinator", "small.yaml", "--listen", address, "--insecure"], code: 69, address)
            first.send(signal: SIGTERM)
            #expect(try first.end().code == 143)
        }

        @Test func `a run directory that is taken, or of another experiment`() throws {
            let first = try Selvedge(
                ["train", "small.yaml", "--epochs", "1000", "--workers", "1", "--run", "run"], in: scratch)
            try first.line(containing: "Epoch 1/")
            let again = ["train", "small.yaml", "--run", "run"]
            try expectRefused(again, "not empty")
            try expectRefused(again + ["--resume"], "in use")
            first.send(signal: SIGINT)
            #expect(try first.end().code == 130)
            try expect(again + ["--resume", "--seed", "2", "--workers", "1"], code: 64, "another experiment")
        }

        @Test func `a run directory that other users can write to`() throws {
            let path = scratch.path + "/shared"
            #expect(mkdir(path, 0o700) == 0 && chmod(path, 0o777) == 0)
            try expect(["train", "small.yaml", "--run", "shared"], code: 64, "shared", "mode 777", "chmod go-w")
            try expect(
                ["worker", "--coordinator", "tcp://127.0.0.1:1", "--state", path], code: 64, "shared", "chmod go-w")
        }

        @Test func `a model that needs more memory than any host has`() throws {
            let layer = "- dense: {units: 16384, activation: relu}\n    "
            let large = String(repeating: layer, count: 200) + "- dense: {units: 10"
            try expect(replacing: "- dense: {units: 10", with: large, code: 64, "GB of memory")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/runs"))
        }

        @Test func `a checkpoint beyond the limit of file sizes`() throws {
            // 20 blocks of 512 bytes; a checkpoint has more.
            let train = ["train", "small.yaml", "--workers", "1", "--run", "run"]
            let end = try Selvedge.run(train, in: scratch, limit: "-f 20")
            #expect(end.code == 74, "\(end.lines)")
            #expect(end.lines.contains { $0.contains("ulimit -f") && $0.contains("last.safetensors") }, "\(end.lines)")
            #expect(scratch.leftovers == [])
        }

        /// Refused beside a process that runs, whose sockets are there.
        private func expectRefused(_ arguments: [String], _ part: String) throws {
            let end = try Selvedge.run(arguments, in: scratch)
            #expect(end.code == 64, "\(end.lines)")
            #expect(end.lines.count == 1 && end.complaints.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains(part) ?? false, "\(end.lines)")
        }

        @Test func `a loss that is not a number`() throws {
            try scratch.write(
                Scratch.smallExperiment.replacingOccurrences(
                    of: "learning_rate: 0.001", with: "learning_rate: 1.0e+30"),
                to: "wild.yaml")
            let end = try Selvedge.run(["train", "wild.yaml", "--workers", "2", "--run", "run"], in: scratch)
            #expect(end.code == 65, "\(end.lines)")
            #expect(end.complaints.count == 1, "\(end.lines)")
            #expect(end.complaints.first?.contains("step") ?? false)
            let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/run/checkpoints")
            #expect(files.contains("failed.safetensors"))
        }
    }
}
