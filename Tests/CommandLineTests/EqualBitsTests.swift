import Kernels
import Testing

extension CommandLineTests {
    /// The files that a run ends with do not depend on how it was done.
    @Suite struct EqualBits {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        /// Trains once with each list of flags and compares the digests with the first's.
        private func expectEqual(_ common: [String], _ variants: [[String]]) throws {
            var reference: [String]?
            for (index, flags) in variants.enumerated() {
                let end = try Selvedge.run(
                    ["train", "small.yaml", "--run", "run-\(index)"] + common + flags, in: scratch)
                #expect(end.code == 0, "\(flags): \(end.lines)")
                let digests = try scratch.digests("run-\(index)")
                #expect(digests == reference ?? digests, "\(flags) differs from \(variants[0])")
                reference = reference ?? digests
            }
        }

        @Test func `any number of workers`() throws {
            try expectEqual(["--threads", "1"], [1, 2, 3, 4, 5, 8].map { ["--workers", String($0)] })
        }

        @Test func `the checkpoints that are kept are those of a shorter run, for any number of workers`() throws {
            let flags = ["train", "small.yaml", "--threads", "1", "--epochs", "5", "--checkpoint-every", "10"]
            for workers in ["1", "3"] {
                let end = try Selvedge.run(
                    flags + ["--workers", workers, "--run", "kept-\(workers)"], in: scratch,
                    environment: ["SELVEDGE_KEEP_EVERY": "2"])
                #expect(end.code == 0, "\(end.lines)")
            }
            for epoch in ["0002", "0004"] {
                let name = "checkpoints/epoch-\(epoch).safetensors"
                #expect(try scratch.bytes("kept-1/\(name)") == scratch.bytes("kept-3/\(name)"))
            }
            #expect(throws: (any Error).self) { try scratch.bytes("kept-1/checkpoints/epoch-0003.safetensors") }
        }

        @Test func `any number of threads`() throws {
            try expectEqual(["--workers", "2", "--epochs", "1"], [1, 2, 3].map { ["--threads", String($0)] })
        }

        @Test func `every instruction set of this host`() throws {
            var reference: [String]?
            for name in InstructionSet.allCases where name.isSupported {
                let end = try Selvedge.run(
                    ["train", "small.yaml", "--epochs", "1", "--workers", "1", "--run", name.rawValue], in: scratch,
                    environment: ["SELVEDGE_ISA": name.rawValue])
                #expect(end.code == 0, "\(name): \(end.lines)")
                let digests = try scratch.digests(name.rawValue)
                #expect(digests == reference ?? digests, "\(name) differs")
                reference = reference ?? digests
            }
        }

        @Test func `a worker that loses many of the last frames that it receives`() throws {
            // The other workers are done with the last round, and wait to be dismissed, when it requests frames again.
            let lost = ["--workers", "3", "--transport", "shared-memory", "--progress-deadline", "30", "--fault"]
            try expectEqual(
                ["--epochs", "1", "--threads", "1"],
                [["--workers", "1"]] + [0, 1].map { lost + ["drop worker=\($0) step=5 share=0.3 for=60000"] })
        }

        @Test func `a batch that neither workers nor micro-batches divide`() throws {
            try expectEqual(
                ["--epochs", "1", "--threads", "1", "--batch-size", "509"],
                [1, 3, 8].map { ["--workers", String($0)] })
        }

        @Test func `a batch smaller than the number of micro-batches`() throws {
            try expectEqual(
                ["--epochs", "1", "--threads", "1", "--batch-size", "37", "--micro-batches", "64"],
                [1, 3].map { ["--workers", String($0)] })
        }
    }
}
