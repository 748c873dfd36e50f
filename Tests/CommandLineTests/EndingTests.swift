import Core
import Foundation
import Glibc
import Runs
import Testing

extension ProcessesByHandTests {
    /// Signals to every process of a run at once, as schedulers send them, and other ends that must keep the work.
    @Suite struct Endings {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private static let trainFlags = [
            "train", "small.yaml", "--epochs", "100000", "--workers", "2", "--threads", "1", "--run", "run",
        ]

        /// A run by hand: the coordinator first.
        private func startByHand(_ flags: [String] = [], workers names: [String]) throws -> [Selvedge] {
            try scratch.makeKeys()
            let coordinator = try Selvedge(
                [
                    "coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--epochs", "100000", "--run", "run",
                    "--start-workers", String(names.count), "--key-file", "job.coordinator",
                ] + flags, in: scratch)
            let line = try coordinator.line(containing: "Listening on ")
            let address = String(line.dropFirst("Listening on ".count))
            return try [coordinator]
                + names.map {
                    try Selvedge(
                        [
                            "worker", "--coordinator", address, "--name", $0, "--threads", "1", "--key-file",
                            "job.worker",
                        ],
                        in: scratch)
                }
        }

        /// Steps whose digests rank 0 had reported when the run ended.
        private func journalledSteps() throws -> UInt64 {
            let steps = try RunJournal(of: RunPaths(scratch.path + "/run")).stepDigests.keys
            return steps.max().map { $0 + 1 } ?? 0
        }

        /// The steps that a run reports as saved in its last complaint; nil where it had nothing to save.
        private func savedSteps(_ end: Selvedge.End) throws -> UInt64? {
            let line = try #require(end.complaints.last, "\(end.lines)")
            guard let text = line.components(separatedBy: "the state after step ").dropFirst().first else {
                #expect(line.contains("is not saved"), "\(line)")
                return nil
            }
            #expect(line.contains("is saved: continue with --resume --run "), "\(line)")
            return UInt64(text.prefix { $0.isNumber })
        }

        /// Everything that was reported is saved. Returns how many steps are.
        @discardableResult
        private func expectNothingLost(_ end: Selvedge.End) throws -> UInt64 {
            let saved = try savedSteps(end) ?? 0
            if FileManager.default.fileExists(atPath: scratch.path + "/run/journal") {
                #expect(try saved >= journalledSteps())
            }
            return saved
        }

        /// The resumed run has the bits of a calm one.
        private func expectSameBits(afterSteps saved: UInt64) throws {
            let flags = ["train", "small.yaml", "--threads", "1", "--epochs", String(saved / 5 + 2), "--workers"]
            let resumed = try Selvedge.run(flags + ["2", "--run", "run", "--resume"], in: scratch)
            #expect(resumed.code == 0, "\(resumed.lines)")
            let calm = try Selvedge.run(flags + ["1", "--run", "calm"], in: scratch)
            #expect(calm.code == 0, "\(calm.lines)")
            #expect(try scratch.digests("run") == scratch.digests("calm"))
        }

        @Test(arguments: [SIGTERM, SIGTERM, SIGTERM, SIGINT, SIGUSR1])
        func `a signal to every process of train at any moment loses no step`(signal: Int32) throws {
            let milliseconds = UInt32.random(in: 0...1500)
            print("signal \(signal) after \(milliseconds) ms")
            let process = try Selvedge(Self.trainFlags, in: scratch)
            try process.line(containing: "Run directory: ")
            usleep(milliseconds * 1000)
            var identifiers = try process.children() + [process.processIdentifier]
            identifiers.shuffle()
            for identifier in identifiers { kill(identifier, signal) }
            let end = try process.end()
            #expect(end.code == 128 + signal, "\(end.lines)")
            #expect(scratch.leftovers == [])
            let saved = try expectNothingLost(end)
            if saved > 0 { try expectSameBits(afterSteps: saved) }
        }

        @Test func `under a batch system SIGTERM ends with 75`() throws {
            let process = try Selvedge(Self.trainFlags, in: scratch, environment: ["SLURM_JOB_ID": "1"])
            try process.line(containing: "Epoch 1/")
            process.send(signal: SIGTERM)
            let end = try process.end()
            #expect(end.code == 75, "\(end.lines)")
            try expectNothingLost(end)
        }

        @Test func `SIGTERM to a coordinator and workers by hand loses no step`() throws {
            let processes = try startByHand(workers: ["left", "right"])
            try processes[0].line(containing: "Epoch 1/")
            for process in processes.shuffled() { process.send(signal: SIGTERM) }
            let ends = try processes.map { try $0.end() }
            #expect(ends[0].code == 143, "\(ends[0].lines)")
            for end in ends.dropFirst() { #expect([0, 143].contains(end.code), "\(end.lines)") }
            try expectNothingLost(ends[0])
        }

        @Test func `a worker by hand that receives SIGTERM leaves, and the other continues`() throws {
            let processes = try startByHand(workers: ["left", "right"])
            try processes[0].line(containing: "Epoch 1/")
            processes[2].send(signal: SIGTERM)
            #expect(try processes[2].end().code == 143)
            try processes[0].line(containing: "worker 'right' (rank 1) left after step")
            processes[0].send(signal: SIGTERM)
            let end = try processes[0].end()
            #expect(end.code == 143, "\(end.lines)")
            #expect(end.complaints.count == 1, "no worker was lost: \(end.complaints)")
            #expect(try processes[1].end().code == 75)
        }

        @Test func `SIGTERM to a worker whose coordinator was killed saves its state`() throws {
            let processes = try startByHand(["--grace", "2"], workers: ["only"])
            try processes[0].line(containing: "Epoch 2/")
            processes[0].send(signal: SIGKILL)
            _ = try processes[0].end()
            processes[1].send(signal: SIGTERM)
            let end = try processes[1].end()
            #expect(end.code == 143, "\(end.lines)")
            let path = try #require(end.complaints.first?.components(separatedBy: "--resume ").last)
            #expect(try Selvedge.run(["inspect", path], in: scratch).code == 0, "\(end.lines)")
        }

        @Test func `SIGTERM while no coordinator runs is saved by its successor`() throws {
            let process = try Selvedge(Self.trainFlags, in: scratch)
            try process.line(containing: "Epoch 2/")
            let workers = try [process.worker("worker-0"), process.worker("worker-1")]
            for child in try process.children() where !workers.contains(child) { kill(child, SIGKILL) }
            try process.line(containing: "starting a successor")
            process.send(signal: SIGTERM)
            let end = try process.end()
            #expect(end.code == 143, "\(end.lines)")
            try expectNothingLost(end)
        }

        @Test func `on a full disk the workers save their state, and the run ends with 74`() throws {
            let process = try Selvedge(
                Self.trainFlags + ["--fault", "disk-full coordinator step=12 for=100000"], in: scratch)
            let end = try process.end()
            #expect(end.code == 74, "\(end.lines)")
            let line = try #require(end.complaints.first { $0.contains("its state is in ") }, "\(end.lines)")
            let path = try #require(line.components(separatedBy: "--resume ").last)
            #expect(try Selvedge.run(["inspect", path], in: scratch).code == 0)
        }

        @Test func `a slow fsync silences no heartbeat`() throws {
            let fault = "slow-fsync coordinator step=7 add=1500 file=last"
            let end = try Selvedge.run(
                ["train", "small.yaml", "--workers", "2", "--threads", "1", "--run", "run", "--fault", fault],
                in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            let log = String(decoding: try scratch.bytes("run/log.jsonl"), as: UTF8.self)
            let delays = log.components(separatedBy: "the coordinator was late by ").dropFirst().compactMap {
                Int($0.prefix { $0.isNumber })
            }
            #expect(delays.allSatisfy { $0 < 1000 }, "\(delays)")
            let calm = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--threads", "1", "--run", "calm"], in: scratch)
            #expect(calm.code == 0, "\(calm.lines)")
            #expect(try scratch.digests("run") == scratch.digests("calm"))
        }

        @Test func `two workers that are killed at once are noticed by their closed connections`() throws {
            let processes = try startByHand(workers: ["left", "middle", "right"])
            try processes[0].line(containing: "Epoch 1/")
            for process in processes[2...] { process.send(signal: SIGKILL) }
            try processes[0].line(containing: "recovered in ")
            processes[0].send(signal: SIGTERM)
            let end = try processes[0].end()
            #expect(!end.complaints.contains { $0.contains("sent no heartbeat") }, "\(end.complaints)")
            #expect(try processes[1].end().code == 75)
        }

        @Test func `a killed supervisor ends workers that are inside a long step`() throws {
            // Otherwise the supervisor would make a folder for the fault, and only it removes that.
            let faults = scratch.path + "/faults"
            try FileManager.default.createDirectory(atPath: faults, withIntermediateDirectories: false)
            let process = try Selvedge(
                Self.trainFlags + ["--fault", "slow worker=1 step=3 add=300000"], in: scratch,
                environment: ["SELVEDGE_FAULT_FOLDER": faults])
            _ = try process.worker("worker-1")
            try process.line(containing: "training starts")
            usleep(500_000)
            process.send(signal: SIGKILL)
            #expect(try process.end().code == 128 + SIGKILL)
            #expect(scratch.leftovers == [])
        }
    }
}
