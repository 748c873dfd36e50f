import Foundation
import Testing

extension CommandLineTests {
    /// Runs that are replayed.
    @Suite struct Verification {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        @Test func `a run of three workers is what its replay gives, and a changed file is named`() throws {
            let trained = try Selvedge.run(
                ["train", "small.yaml", "--workers", "3", "--threads", "1", "--run", "run"], in: scratch)
            #expect(trained.code == 0, "\(trained.lines)")
            let verified = try Selvedge.run(["verify", "run", "--all"], in: scratch)
            #expect(verified.code == 0, "\(verified.lines)")
            let output = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            for epoch in 1...2 { #expect(output.contains("epoch \(epoch): 5 of 5 steps equal; metrics equal")) }
            #expect(output.contains("checkpoints/last.safetensors (after step 10)"))
            let summary = "Verified equal: 10 gradients, the metrics of 2 epochs, "
            #expect(verified.lines.last?.hasPrefix(summary) ?? false, "\(verified.lines)")

            let file = "run/checkpoints/last.safetensors"
            var bytes = try scratch.bytes(file)
            bytes[bytes.count - 1] ^= 1
            try Data(bytes).write(to: URL(fileURLWithPath: scratch.path + "/" + file), options: .atomic)
            let damaged = try Selvedge.run(["verify", "run", "--json"], in: scratch)
            #expect(damaged.code == 65, "\(damaged.lines)")
            #expect(damaged.complaints.count == 1 && damaged.complaints[0].contains("of checkpoints/last.safetensors"))
            let report = try JSONSerialization.jsonObject(with: Data(scratch.bytes("output"))) as? [String: Any]
            #expect((report?["problems"] as? [String])?.count == 1)
            #expect(report?["start"] as? String == "checkpoints/previous.safetensors")
        }

        @Test func `a finished run without its checkpoints or journal is not verified`() throws {
            let trained = try Selvedge.run(["train", "small.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(trained.code == 0, "\(trained.lines)")
            for name in ["checkpoints", "journal"] {
                try FileManager.default.removeItem(atPath: "\(scratch.path)/run/\(name)")
                let end = try Selvedge.run(["verify", "run", "--all"], in: scratch)
                #expect(end.code == 66 && end.complaints.count == 1, "\(end.lines)")
                #expect(end.complaints.first?.contains("run: \(name)") ?? false, "\(end.complaints)")
                #expect(end.complaints.first?.contains("; not compared: ") ?? false, "\(end.complaints)")
            }
        }

        @Test func `a run that cannot be verified is reported in one line`() throws {
            let missing = try Selvedge.run(["verify", "none"], in: scratch)
            #expect(missing.code == 66 && missing.lines.count == 1, "\(missing.lines)")
            let both = try Selvedge.run(["verify", "none", "--epoch", "1", "--all"], in: scratch)
            #expect(both.code == 64 && both.lines.count == 1, "\(both.lines)")
        }
    }
}
