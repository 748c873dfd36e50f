import Coordination
import Core
import Glibc
import TestSupport
import Testing
import Transport

@testable import Cluster

/// The ssh of these tests is a script that runs what it is given on this host.
@Suite(.serialized) struct SSHLauncherTests {
    private let folder: TemporaryFolder
    private let coordinator: KeyFile
    private let worker: KeyFile

    init() throws {
        folder = try TemporaryFolder()
        let (own, other) = (try KeyPair(), try KeyPair())
        coordinator = KeyFile(owner: .coordinator, pair: own, others: [other.publicKey])
        worker = KeyFile(owner: .worker, pair: other, others: [own.publicKey])
        // The last argument is the remote command.
        try write("echo \"$@\" >> \(folder.path)/calls; for last; do :; done; exec sh -c \"$last\"", to: "ssh")
    }

    /// Writes an executable script.
    private func write(_ script: String, to name: String) throws {
        let stream = try #require(fopen("\(folder.path)/\(name)", "w"))
        fputs("#!/bin/sh\n\(script)\n", stream)
        fclose(stream)
        chmod("\(folder.path)/\(name)", 0o700)
    }

    private func text(_ name: String) -> String {
        guard let stream = fopen("\(folder.path)/\(name)", "r") else { return "" }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func launcher(program: String?, host: HostFile.Host) -> SSHLauncher {
        SSHLauncher(
            executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"],
            ssh: SSHCommand("\(folder.path)/ssh -p 2222", program: program, ownPath: "/none/selvedge"),
            coordinatorKeys: coordinator, workers: [SSHLauncher.Worker(host: host, keys: worker)])
    }

    /// Starts a worker whose program is a script, hangs up, and returns how it ended.
    private func end(ofScript script: String, host: HostFile.Host = HostFile.Host(user: "anna", name: "host2")) throws
        -> ChildStatus?
    {
        try write(script, to: "program")
        var launcher = launcher(program: "\(folder.path)/program", host: host)
        _ = try launcher.start(.worker(0), arguments: ["worker", "--name", "it's"])
        launcher.hangUpWorkers()
        defer { launcher.endAll() }
        let deadline = Deadline(afterMilliseconds: 30_000)
        while !deadline.hasPassed {
            if case (.worker(0), .ended(let status))? = launcher.nextChange() { return status }
            usleep(1000)
        }
        return nil
    }

    @Test func `a worker gets its arguments through the shells, and its keys through the pipe alone`() throws {
        let script = """
            echo "$# $3" > \(folder.path)/arguments; env > \(folder.path)/environment; cat > \(folder.path)/input
            """
        #expect(try end(ofScript: script) == .exited(code: 0))
        #expect(text("arguments") == "3 it's\n")
        #expect(text("input") == worker.pipedText)
        let calls = text("calls")
        #expect(calls.hasPrefix("-p 2222 -o BatchMode=yes") && calls.contains(" -l anna host2 sh -c "))
        for place in [calls, text("environment")] { #expect(!place.contains(worker.pair.secretText)) }
    }

    @Test func `the end of a remote worker is that of its program, and 255 where its ssh was killed`() throws {
        #expect(try end(ofScript: "exit 75") == .exited(code: 75))
        #expect(try end(ofScript: "kill -9 $$") == .signalled(.kill))
        try write("kill -9 $$", to: "ssh")
        #expect(try end(ofScript: "") == .exited(code: ProcessExitCode.connectionLost))
    }

    @Test func `a coordinator and a worker of this host are children without ssh`() throws {
        var launcher = SSHLauncher(
            executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"],
            ssh: SSHCommand("/none/ssh", program: nil, ownPath: "/none"), coordinatorKeys: coordinator,
            workers: [SSHLauncher.Worker(host: nil, keys: worker)])
        #expect(launcher.remoteHosts.isEmpty)
        _ = try launcher.start(.coordinator, arguments: ["-c", "cat > \(folder.path)/coordinator"])
        _ = try launcher.start(.worker(0), arguments: ["-c", "cat > \(folder.path)/worker; kill -9 $$"])
        launcher.hangUpWorkers()
        let deadline = Deadline(afterMilliseconds: 30_000)
        var status: ChildStatus?
        while status == nil || text("coordinator") != coordinator.pipedText, !deadline.hasPassed {
            if case (.worker(0), .ended(let end))? = launcher.nextChange() { status = end }
            usleep(1000)
        }
        launcher.endAll()
        #expect(status == .signalled(.kill))
        #expect(text("worker") == worker.pipedText)
        #expect(text("coordinator") == coordinator.pipedText)
    }

    // MARK: Before the start

    private func answer(_ script: String, ssh: String? = nil) throws -> HostPreflight.Answer? {
        try write(script, to: "program")
        let host = HostFile.Host(name: "host2")
        let command = SSHCommand(ssh ?? "\(folder.path)/ssh", program: "\(folder.path)/program", ownPath: "/none")
        return try HostPreflight(
            command, arguments: ["launch", "report"],
            environment: ["PATH": "/usr/bin:/bin"]
        ).ask([host])[host]
    }

    private func problem(_ script: String, ssh: String? = nil) throws -> String {
        guard case .problem(let obstacle, _)? = try answer(script, ssh: ssh) else { return "" }
        return obstacle.description
    }

    private func report(_ report: HostReport) throws -> String { "echo Welcome; echo '\(try report.line)'" }

    /// This program's own report, from a host that reaches the coordinator.
    private static var good: HostReport {
        var report = HostReport.current(coordinator: nil, port: 1, data: nil, environment: [:])
        report.coordinator = "tcp://10.0.0.1:5600"
        return report
    }

    @Test func `a host with the same release that reaches the coordinator is ready, whatever its shell prints`() throws
    {
        #expect(try answer(report(Self.good)) == .report(Self.good))
    }

    @Test func `a host that is not ready is explained with what to do`() throws {
        var other = Self.good
        other.version = "0.0.9"
        #expect(try problem(report(other)).contains("it has release 0.0.9"))
        other = Self.good
        other.problem = "Connection timed out"
        #expect(
            try problem(report(other)).hasPrefix("it cannot reach tcp://10.0.0.1:5600: Connection timed out: let the"))
        other = Self.good
        other.coordinator = nil
        #expect(try problem(report(other)).contains("--coordinator tcp://HOST:PORT"))
        let unknown = "echo \"Error: Unknown option '--interface'\" >&2; exit 64"
        #expect(try problem(unknown).hasSuffix("install the same release there (scripts/install)"))
        let bare =
            "echo 'p: error while loading shared libraries: libzmq.so.5: No such file or directory' >&2; exit 127"
        #expect(try problem(bare).contains("scripts/package"))
        let old = "echo \"selvedge: no command 'launch'; the commands are train\" >&2; exit 64"
        #expect(try problem(old).hasSuffix("install the same release there (scripts/install)"))
        #expect(try problem("exit 0") == "no answer: try by hand: ssh -v host2 true")
        #expect(try problem("", ssh: "/none/ssh").contains("No such file or directory"))
        try write("echo 'anna@host2: Permission denied (publickey).' >&2; exit 255", to: "ssh")
        #expect(
            try problem("")
                == "anna@host2: Permission denied (publickey): give it your key: ssh-copy-id host2")
    }
}
