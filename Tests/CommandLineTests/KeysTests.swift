import Core
import Foundation
import Glibc
import Testing

extension ProcessesByHandTests {
    /// Keys, and processes that have wrong ones. The run that they try to enter ends with the bits of an undisturbed
    /// one.
    @Suite struct Keys {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        @Test func `new writes files for their owner alone, show shows only public keys, and nothing is overwritten`()
            throws
        {
            try scratch.makeKeys()
            for name in ["job.coordinator", "job.worker"] {
                var status = stat()
                #expect(stat("\(scratch.path)/\(name)", &status) == 0 && status.st_mode & 0o777 == 0o600)
                let text = String(decoding: try scratch.bytes(name), as: UTF8.self)
                let secret = try #require(text.split(separator: "\n").first { $0.contains("-secret ") })
                #expect(try Selvedge.run(["keys", "show", name], in: scratch).code == 0)
                let shown = String(decoding: try scratch.bytes("output"), as: UTF8.self)
                #expect(!shown.contains(secret.split(separator: " ")[1]) && shown.contains("coordinator-public "))
                #expect(shown.contains("worker-public "))
            }
            let again = try Selvedge.run(["keys", "new", "job"], in: scratch)
            #expect(again.code == 64 && again.complaints.count == 1, "\(again.lines)")
            let each = try Selvedge.run(["keys", "new", "two", "--worker", "left", "--worker", "right"], in: scratch)
            #expect(each.code == 0, "\(each.lines)")
            let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter {
                $0.hasPrefix("two.")
            }
            #expect(files.sorted() == ["two.coordinator", "two.worker-left", "two.worker-right"])
        }

        @Test func `key files that others can read, or of the other side, are refused with one line`() throws {
            try scratch.makeKeys()
            let coordinator = ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0"]
            func expect(_ arguments: [String], code: Int32, _ text: String) throws {
                let end = try Selvedge.run(coordinator + arguments, in: scratch)
                #expect(end.code == code && end.complaints.count == 1, "\(end.lines)")
                #expect(end.complaints.first?.contains(text) == true, "\(end.lines)")
            }
            try expect(["--key-file", "job.worker"], code: 65, "keys of a worker")
            try expect(["--key-file", "absent"], code: 66, "absent")
            try expect(["--key-file", "job.coordinator", "--insecure"], code: 64, "--insecure")
            try expect(["--key-fd", "77"], code: 74, "descriptor 77")
            #expect(chmod(scratch.path + "/job.coordinator", 0o644) == 0)
            try expect(["--key-file", "job.coordinator"], code: 65, "chmod 600")
            #expect(symlink("job.worker", scratch.path + "/link") == 0)
            try expect(["--key-file", "link"], code: 65, "symbolic link")
        }

        @Test func `wrong keys and no keys end a worker with 77 and one line, and the run goes on`() throws {
            try scratch.makeKeys()
            try scratch.makeKeys("other")
            // A pair that the coordinator does not admit, with the right coordinator's key.
            let right = String(decoding: try scratch.bytes("job.worker"), as: UTF8.self)
            let wrong = String(decoding: try scratch.bytes("other.worker"), as: UTF8.self)
            func lines(_ text: String, _ word: String) -> String {
                text.split(separator: "\n").filter { $0.hasPrefix(word) }.joined(separator: "\n") + "\n"
            }
            let mixed = lines(right, "coordinator-public") + lines(wrong, "worker-secret")
            try scratch.write(mixed, to: "mixed.worker")
            #expect(chmod(scratch.path + "/mixed.worker", 0o600) == 0)
            let coordinator = try Selvedge(
                ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--key-file", "job.coordinator"]
                    + ["--run", "run"], in: scratch)
            let address = String(try coordinator.line(containing: "Listening on ").dropFirst("Listening on ".count))
            let worker = ["worker", "--coordinator", address, "--threads", "1"]
            for (arguments, text) in [
                (["--key-file", "mixed.worker"], "does not admit this worker's key"),
                (["--key-file", "other.worker"], "has another key"), (["--insecure"], "needs keys"),
            ] {
                let end = try Selvedge.run(worker + arguments, in: scratch)
                #expect(end.code == 77, "\(end.lines)")
                #expect(end.complaints.last?.contains(text) == true, "\(end.lines)")
            }
            // The second coordinator key counts where the first is outdated.
            let rotated = lines(wrong, "coordinator-public") + right
            try scratch.write(rotated, to: "rotated.worker")
            #expect(chmod(scratch.path + "/rotated.worker", 0o600) == 0)
            #expect(try Selvedge.run(worker + ["--key-file", "rotated.worker"], in: scratch).code == 0)
            let end = try coordinator.end()
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.complaints.contains { $0.contains("is not admitted") }, "\(end.lines)")
            try expectUndisturbed("run")
        }

        /// Whether this host has the loopback address of IPv6.
        private static let hasIPv6 =
            (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?.contains("00000001 ") ?? false

        @Test func `a run without keys says so at every start, also over IPv6, and never listens everywhere`() throws {
            let everywhere = try Selvedge.run(
                ["coordinator", "small.yaml", "--listen", "tcp://0.0.0.0:0", "--insecure"], in: scratch)
            #expect(everywhere.code == 64 && everywhere.complaints.count == 1, "\(everywhere.lines)")
            #expect(everywhere.complaints.first?.contains("--key-file") == true, "\(everywhere.lines)")
            let coordinator = try Selvedge(
                ["coordinator", "small.yaml", "--listen", Self.hasIPv6 ? "tcp://[::1]:0" : "tcp://127.0.0.1:0"]
                    + ["--insecure", "--run", "run"], in: scratch)
            let address = String(try coordinator.line(containing: "Listening on ").dropFirst("Listening on ".count))
            let worker = try Selvedge.run(
                ["worker", "--coordinator", address, "--threads", "1", "--insecure"], in: scratch)
            #expect(worker.code == 0 && worker.complaints.contains { $0.contains("--insecure") }, "\(worker.lines)")
            let end = try coordinator.end()
            #expect(end.code == 0 && end.complaints.contains { $0.contains("--insecure") }, "\(end.lines)")
            try expectUndisturbed("run")
        }

        @Test func `a worker whose key is removed from the coordinator's file is evicted, and the run goes on`() throws
        {
            #expect(
                try Selvedge.run(["keys", "new", "two", "--worker", "left", "--worker", "right"], in: scratch).code == 0
            )
            let coordinator = try Selvedge(
                ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--key-file", "two.coordinator"]
                    + ["--start-workers", "2", "--epochs", "300", "--run", "run"], in: scratch)
            let address = String(try coordinator.line(containing: "Listening on ").dropFirst("Listening on ".count))
            let workers = try ["left", "right"].map { name in
                try Selvedge(
                    ["worker", "--coordinator", address, "--name", name, "--threads", "1"]
                        + ["--key-file", "two.worker-\(name)"], in: scratch)
            }
            try coordinator.line(containing: "Epoch 1/")
            #expect(try Selvedge.run(["keys", "show", "two.worker-right"], in: scratch).code == 0)
            let shown = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            let removed = try #require(shown.split(separator: "\n").first { $0.hasPrefix("worker-public ") })
            let text = String(decoding: try scratch.bytes("two.coordinator"), as: UTF8.self)
            let rest = text.split(separator: "\n").filter { $0 != removed }.joined(separator: "\n") + "\n"
            try scratch.write(rest, to: "new")
            #expect(chmod(scratch.path + "/new", 0o600) == 0)
            #expect(rename(scratch.path + "/new", scratch.path + "/two.coordinator") == 0)
            let evicted = try workers[1].end()
            #expect(evicted.code == 77, "\(evicted.lines)")
            let end = try coordinator.end()
            #expect(end.code == 0 && end.lines.contains { $0.contains("no longer admitted") }, "\(end.lines)")
            #expect(try workers[0].end().code == 0)
            try expectUndisturbed("run", epochs: 300)
        }

        /// Compares a run of the small experiment with one that nothing disturbed.
        private func expectUndisturbed(_ run: String, epochs: Int = 2) throws {
            let calm = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "\(epochs)", "--run", "calm"], in: scratch)
            #expect(calm.code == 0, "\(calm.lines)")
            #expect(try scratch.digests(run) == scratch.digests("calm"))
        }
    }
}
