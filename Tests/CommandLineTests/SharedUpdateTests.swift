import Foundation
import Testing

extension CommandLineTests {
    /// Workers of one host update the state together, whose size makes that worth while here; whatever happens to one
    /// of them in the middle leaves the bits.
    @Suite struct SharedUpdates {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch(Scratch.smallExperiment.replacing("units: 8", with: "units: 100"))
        }

        private func train(_ run: String, _ flags: [String]) throws -> Selvedge.End {
            try Selvedge.run(
                ["train", "small.yaml", "--epochs", "3", "--threads", "1", "--run", run] + flags, in: scratch)
        }

        @Test(arguments: [
            ["kill worker=1 step=5 phase=shared-update"],
            ["kill worker=0 step=4 phase=shared-update", "kill worker=2 step=9 phase=shared-update"],
            ["stop worker=2 step=6 phase=shared-update for=300"],
            ["stop worker=0 step=6 phase=shared-update"],
            ["kill worker=1 step=3 phase=updating", "kill coordinator step=7"],
        ])
        func `a worker that is lost between its part and the others' changes no bit`(faults: [String]) throws {
            let undisturbed = try train("undisturbed", ["--workers", "1"])
            #expect(undisturbed.code == 0, "\(undisturbed.lines)")
            let end = try train("run", ["--workers", "3"] + faults.flatMap { ["--fault", $0] })
            #expect(end.code == 0, "\(end.lines)")
            #expect(try scratch.digests("run") == scratch.digests("undisturbed"))
            for fault in faults { #expect(end.lines.contains { $0.hasPrefix("fault: \(fault) ") }, "\(end.lines)") }
            #expect(scratch.leftovers == [])
        }

        @Test func `random faults change no bit`() throws {
            let flags = ["--runs", "12", "--seed", "3", "--workers", "2..4", "--kinds", "kill,stop,slow,exit"]
            let end = try Selvedge.run(["torture", "small.yaml", "--deadline", "50"] + flags, in: scratch)
            #expect(end.code == 0, "\(end.lines.joined(separator: "\n"))")
            #expect(scratch.leftovers == [])
        }

        @Test(arguments: [["--transport", "zeromq"], ["--checksum-payloads"], ["--audit", "1"]])
        func `workers that share no update have the same bits`(flags: [String]) throws {
            let shared = try train("shared", ["--workers", "2"])
            let other = try train("other", ["--workers", "2"] + flags)
            #expect(shared.code == 0 && other.code == 0, "\(shared.lines), \(other.lines)")
            #expect(try scratch.digests("other") == scratch.digests("shared"))
        }
    }
}
