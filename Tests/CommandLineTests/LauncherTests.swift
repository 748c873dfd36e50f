import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// Processes with the variables of a launcher, started as it would start them.
    @Suite struct Launchers {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func rank(_ rank: Int, of size: Int, _ flags: [String], _ variables: [String: String]) throws
            -> Selvedge
        {
            try Selvedge(
                ["train", "small.yaml"] + flags, in: scratch,
                environment: [
                    "OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "\(size)", "PMIX_RANK": "\(rank)",
                    "PMIX_NAMESPACE": "42",
                ].merging(variables) { $1 })
        }

        @Test
        func
            `ranks of one host train together without keys, outlive a killed worker, and give the bits of one process`()
            throws
        {
            let variables = ["OMPI_COMM_WORLD_LOCAL_SIZE": "3", "SLURM_JOB_ID": "77"]
            let ranks = try (0..<3).map { try rank($0, of: 3, ["--resume", "auto", "--epochs", "200"], variables) }
            try ranks[0].line(containing: "Epoch 1/")
            let worker = try #require(ranks[1].children().first)
            kill(worker, SIGKILL)
            try ranks[1].line(
                containing: "worker-1 (pid \(worker)) was killed by signal 9 (SIGKILL): starting it again")
            for (number, rank) in ranks.enumerated() {
                let end = try rank.end()
                #expect(end.code == 0, "\(end.lines)")
                let found = "Launched by Open MPI: rank \(number) of 3 on one host, job 77 (OMPI_COMM_WORLD_RANK, "
                #expect(end.lines.first?.hasPrefix(found) == true, "\(end.lines)")
            }
            // Started again, the job has nothing to do, and no rank waits for a coordinator.
            for rank in try (0..<3).map({ try rank($0, of: 3, ["--resume", "auto", "--epochs", "200"], variables) }) {
                let end = try rank.end()
                #expect(end.code == 0 && !end.lines.contains { $0.contains("there was nothing to do") }, "\(end.lines)")
            }
            // The job is queued again, and goes on.
            let again = try Selvedge.run(
                ["train", "small.yaml", "--resume", "auto", "--epochs", "201"], in: scratch,
                environment: ["SLURM_JOB_ID": "77"])
            #expect(again.code == 0 && again.lines.contains { $0.contains("Continuing after step") }, "\(again.lines)")
            let whole = try Selvedge.run(
                ["train", "small.yaml", "--epochs", "201", "--workers", "1", "--run", "whole"], in: scratch)
            #expect(whole.code == 0, "\(whole.lines)")
            #expect(try scratch.digests("runs/small-job-77") == scratch.digests("whole"))
            #expect(scratch.leftovers.isEmpty, "\(scratch.leftovers)")
        }

        @Test func `a rank 0 that is killed leaves no sockets behind once the other ranks have ended`() throws {
            let variables = ["OMPI_COMM_WORLD_LOCAL_SIZE": "2"]
            let flags = ["--epochs", "1000", "--run", "run", "--successor-seconds", "1"]
            let ranks = try (0..<2).map { try rank($0, of: 2, flags, variables) }
            try ranks[0].line(containing: "Epoch 1/")
            ranks[0].send(signal: SIGKILL)
            #expect(try ranks[0].end().code == 137)
            let end = try ranks[1].end()
            #expect(end.code == 75, "\(end.lines)")
            #expect(scratch.leftovers.isEmpty, "\(scratch.leftovers)")
        }

        @Test func `the ranks of several hosts agree on keys beside the run directory`() throws {
            // No variable says that both are on one host.
            let variables = [
                "MASTER_ADDR": "127.0.0.2", "MASTER_PORT": "\(25_000 + getpid() % 5000)",
                "OMPI_COMM_WORLD_LOCAL_SIZE": "1",
            ]
            let ranks = try (0..<2).map { try rank($0, of: 2, ["--run", "runs/shared"], variables) }
            for rank in ranks {
                let end = try rank.end()
                #expect(end.code == 0 && end.complaints.isEmpty, "\(end.lines)")
            }
            // The keys are gone with the job.
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/runs") == ["shared"])
        }

        @Test func `variables that disagree, an unknown address and too many workers are one line each`() throws {
            func expect(_ text: String, _ flags: [String] = [], _ variables: [String: String]) throws {
                let end = try Selvedge.run(["train", "small.yaml"] + flags, in: scratch, environment: variables)
                #expect(end.code == 64 && end.complaints.count == 1, "\(end.lines)")
                #expect(end.complaints.first?.contains(text) == true, "\(end.lines)")
            }
            let two = ["RANK": "0", "WORLD_SIZE": "2"]
            try expect("OMPI_COMM_WORLD_RANK=1 disagree", [], two.merging(["OMPI_COMM_WORLD_RANK": "1"]) { $1 })
            try expect("--coordinator tcp://HOST:PORT", [], two)
            try expect(
                "--workers 3", ["--workers", "3"], two.merging(["LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "7"]) { $1 })
            try expect(
                "--fault", ["--fault", "kill worker=0 step=1"],
                two.merging(["LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "8"]) { $1 })
            try expect("no variable of one is set", ["--key-file", "job"], [:])
            try expect("give --run", ["--resume", "auto"], [:])
            let worker = try Selvedge.run(["worker"], in: scratch)
            #expect(
                worker.code == 64 && worker.complaints.first?.contains("SELVEDGE_COORDINATOR") == true,
                "\(worker.lines)")
        }
    }
}
