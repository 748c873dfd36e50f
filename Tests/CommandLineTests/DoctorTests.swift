import Foundation
import Glibc
import Testing

extension ProcessesByHandTests {
    /// `selvedge doctor` against a real coordinator, and on a host with planted faults.
    @Suite struct Doctor {
        private let scratch: Scratch

        init() throws {
            scratch = try Scratch()
        }

        private func check(_ name: String) throws -> [String: Any] {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(scratch.bytes("output"))) as? [String: Any])
            let checks = try #require(object["checks"] as? [[String: Any]])
            return try #require(checks.last { $0["check"] as? String == name })
        }

        @Test func `a coordinator's run is examined with right and wrong keys, and goes on`() throws {
            try scratch.makeKeys()
            try scratch.makeKeys("other")
            let coordinator = try Selvedge(
                ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--key-file", "job.coordinator"]
                    + ["--run", "run"], in: scratch)
            let address = String(try coordinator.line(containing: "Listening on ").dropFirst("Listening on ".count))
            let doctor = ["doctor", "--coordinator", address, "--experiment", "small.yaml", "--json"]
            let good = try Selvedge.run(doctor + ["--key-file", "job.worker"], in: scratch)
            #expect(good.code == 0, "\(good.lines)")
            for name in ["address", "keys", "program", "data", "clock"] {
                let found = try check(name)
                #expect(found["verdict"] as? String == "ok", "\(found)")
            }
            let wrong = try Selvedge.run(doctor + ["--key-file", "other.worker"], in: scratch)
            #expect(wrong.code == 77 && wrong.complaints.count == 1, "\(wrong.lines)")
            #expect(try check("keys")["verdict"] as? String == "error")
            let worker = try Selvedge.run(
                ["worker", "--coordinator", address, "--threads", "1", "--key-file", "job.worker"], in: scratch)
            #expect(worker.code == 0, "\(worker.lines)")
            #expect(try coordinator.end().code == 0)
        }

        @Test func `two doctors measure the link between them`() throws {
            try scratch.makeKeys()
            let listener = try Selvedge(
                ["doctor", "--listen", "tcp://127.0.0.1:0", "--key-file", "job.coordinator"], in: scratch)
            let address = String(try listener.line(containing: "Listening on ").dropFirst("Listening on ".count))
            let caller = try Selvedge.run(
                ["doctor", "--connect", address, "--key-file", "job.worker", "--json"], in: scratch)
            listener.send(signal: SIGTERM)
            #expect(caller.code == 0, "\(caller.lines)")
            #expect(try listener.end().lines.contains { $0.contains("a doctor has connected") })
            for name in ["address", "keys", "way back", "program", "clock"] {
                let found = try check(name)
                #expect(found["verdict"] as? String == "ok", "\(found)")
            }
            let figures = try #require(try check("bandwidth")["figures"] as? [String: Double])
            #expect(figures["megabits_per_second"] ?? 0 > 0 && figures["megabits_per_second_back"] ?? 0 > 0)
        }

        @Test func `few descriptors and a closed port are named`() throws {
            let few = try Selvedge.run(["doctor", "--json"], in: scratch, limit: "-n 90")
            #expect(few.code == 74, "\(few.lines)")
            #expect(try check("descriptors")["remedy"] as? String != nil)
            let closed = try Selvedge.run(["doctor", "--coordinator", "tcp://127.0.0.1:1", "--insecure"], in: scratch)
            #expect(closed.code == 69, "\(closed.lines)")
            #expect(String(decoding: try scratch.bytes("output"), as: UTF8.self).contains("nothing listens at"))
        }

        @Test func `the hosts of a file are examined, compared and measured over ssh, and one that is closed is named`()
            throws
        {
            // An ssh that runs everything on this host, and notes what it was given.
            let script = """
                #!/bin/sh
                echo "$*" >>\(scratch.path)/calls
                while [ "$1" = -o ] || [ "$1" = -l ]; do shift 2; done
                [ "$1" = 192.0.2.9 ] && { echo 'ssh: connect to host 192.0.2.9 port 22: Connection refused' >&2; exit 255; }
                shift
                SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22' exec sh -c "$*"

                """
            try scratch.write(script, to: "ssh")
            chmod(scratch.path + "/ssh", 0o700)
            try scratch.write("192.0.2.1 slots=2\n192.0.2.9\n", to: "hosts")
            let doctor = try Selvedge.run(
                ["doctor", "hosts", "--ssh", "\(scratch.path)/ssh", "--experiment", "small.yaml", "--json"], in: scratch
            )
            #expect(doctor.code == 69, "\(doctor.lines)")
            let output = try JSONSerialization.jsonObject(with: Data(scratch.bytes("output"))) as? [String: Any]
            let checks = try #require(output?["checks"] as? [[String: Any]])
            func verdict(_ check: String, of subject: String) -> String? {
                checks.first {
                    $0["check"] as? String == check && ($0["subject"] as? String)?.hasPrefix(subject) == true
                }?[
                    "verdict"] as? String
            }
            for check in ["ssh", "coordinator", "program", "libzmq", "data"] {
                #expect(verdict(check, of: "192.0.2.1") == "ok", "\(check): \(checks)")
            }
            #expect(verdict("ssh", of: "192.0.2.9") == "error")
            for check in ["program", "data"] { #expect(verdict(check, of: "all hosts") == "ok", "\(checks)") }
            for check in ["address", "keys", "clock"] {
                #expect(verdict(check, of: "192.0.2.1 to ") == "ok", "\(check): \(checks)")
            }
            #expect(verdict("bandwidth", of: "192.0.2.1 to ") != nil)
            #expect(checks.allSatisfy { $0["verdict"] as? String == "ok" || $0["remedy"] is String })
            let calls = String(decoding: try scratch.bytes("calls"), as: UTF8.self)
            #expect(calls.contains("--piped-keys") && !calls.contains("secret"))
        }
    }
}
