import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// `selvedge launch ssh` with an ssh that runs everything on this host.
    @Suite struct HostLaunches {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
            let script = """
                #!/bin/sh
                while [ "$1" = -o ] || [ "$1" = -l ]; do shift 2; done
                [ "$1" = 192.0.2.9 ] && { echo 'ssh: connect to host 192.0.2.9 port 22: Connection refused' >&2; exit 255; }
                shift
                SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22' sh -c "$*"
                exit $?

                """
            try scratch.write(script, to: "ssh")
            chmod(scratch.path + "/ssh", 0o700)
            // Addresses for documents: no host has them, and no resolver is asked for them.
            try scratch.write("192.0.2.1 slots=2\nanna@192.0.2.2\n", to: "hosts")
        }

        private func launch(_ flags: [String], hosts: String = "hosts") throws -> Selvedge {
            try Selvedge(
                ["launch", "ssh", hosts, "--ssh", "\(scratch.path)/ssh", "--", "small.yaml", "--threads", "1"] + flags,
                in: scratch)
        }

        @Test
        func `a killed or suspended worker and a killed ssh cost that worker only, and the bits are those of one`()
            throws
        {
            let run = try launch(["-v", "--epochs", "300", "--run", "launched"])
            let worker = try run.worker("worker-1")
            try run.line(containing: "Epoch 1/")
            kill(worker, SIGKILL)
            try run.line(containing: "worker-1 on 192.0.2.1 was killed by signal 9 (SIGKILL)")
            kill(try run.worker("worker-2"), SIGSTOP)
            try run.line(containing: "worker-2 on anna@192.0.2.2 was killed by signal 9 (SIGKILL)")
            // The coordinator is the first child.
            let connection = try #require(run.children().sorted().dropFirst().first)
            kill(connection, SIGKILL)
            try run.line(containing: "trying again until the run ends")
            let end = try run.end()
            #expect(end.code == 0, "\(end.lines)")
            let whole = try Selvedge.run(
                ["train", "small.yaml", "--epochs", "300", "--workers", "1", "--run", "whole"], in: scratch)
            #expect(whole.code == 0, "\(whole.lines)")
            #expect(try scratch.digests("launched") == scratch.digests("whole"))
            #expect(scratch.leftovers.isEmpty, "\(scratch.leftovers)")
        }

        @Test func `Ctrl-C saves on every host and prints the command that continues`() throws {
            let run = try launch(["--epochs", "1000", "--run", "launched"])
            try run.line(containing: "Epoch 1/")
            run.send(signal: SIGINT)
            let end = try run.end()
            #expect(end.code == 130, "\(end.lines)")
            let command = end.lines.last { $0.hasPrefix("Continue with: ") }
            #expect(command?.hasSuffix("-- small.yaml --threads 1 --epochs 1000 --run launched --resume") == true)
            // The workers keep silent about what the coordinator says.
            #expect(end.complaints.count == 1, "\(end.lines)")
        }

        @Test func `every process ends with the launcher`() throws {
            let run = try launch(["--epochs", "1000"])
            try run.line(containing: "Epoch 1/")
            run.send(signal: SIGKILL)
            // All processes hold the error stream, remote ones too.
            #expect(try run.end().code == 137)
        }

        @Test func `nothing is started where a host is not ready, and mistakes are one line each`() throws {
            try scratch.write("192.0.2.1\n192.0.2.9:2\n", to: "other")
            let end = try launch(["--run", "launched"], hosts: "other").end()
            #expect(end.code == 69, "\(end.lines)")
            #expect(
                end.complaints.first?.hasPrefix("selvedge: 192.0.2.9 is not ready: ssh: connect to host") == true,
                "\(end.lines)")
            #expect(end.complaints.last == "selvedge: 1 of 2 hosts not ready: nothing was started")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/launched"))
            try scratch.write("192.0.2.1 cores=2\n", to: "other")
            func expect(_ code: Int32, _ text: String, _ flags: [String], hosts: String = "hosts") throws {
                let end = try launch(flags, hosts: hosts).end()
                #expect(end.code == code && end.complaints.count == 1, "\(end.lines)")
                #expect(end.complaints.first?.contains(text) == true, "\(end.lines)")
            }
            try expect(65, "other:1: \"cores=2\" is not expected here", [], hosts: "other")
            try expect(66, "cannot read the host file none", [], hosts: "none")
            try expect(64, "--workers 4, but hosts has 3 slots", ["--workers", "4"])
            try expect(64, "--spares: give hosts more slots", ["--spares", "1"])
            try expect(64, "--fault", ["--fault", "kill worker=0 step=1"])
        }
    }
}
