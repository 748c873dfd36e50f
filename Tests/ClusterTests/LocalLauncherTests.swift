import Coordination
import Glibc
import TestSupport
import Testing
import Transport

@testable import Cluster

@Suite(.serialized) struct LocalLauncherTests {
    private struct TestFailure: Error {
        let description: String
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Runs a shell script as a worker until it ends; returns how it ended.
    private func run(_ script: String, environment: [String: String] = [:]) throws -> ChildStatus {
        var launcher = LocalLauncher(
            executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 })
        _ = try launcher.start(.worker(0), arguments: ["-c", script])
        return try end(of: &launcher)
    }

    /// Waits until worker 0 ends; returns how it ended.
    private func end(of launcher: inout LocalLauncher) throws -> ChildStatus {
        let deadline = Deadline(afterMilliseconds: 30_000)
        while !deadline.hasPassed {
            if case (.worker(0), .ended(let status))? = launcher.nextChange() { return status }
            usleep(1000)
        }
        launcher.endAll()
        throw TestFailure(description: "the child did not end within 30 s")
    }

    private func text(_ name: String) throws -> String {
        let file = try #require(fopen("\(folder.path)/\(name)", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test func `a crashing child starts no backtrace process that would hold the caller's pipes`() throws {
        let script = "printf %s \"$SWIFT_BACKTRACE\" > \(folder.path)/backtrace"
        #expect(try run(script) == .exited(code: 0))
        #expect(try text("backtrace") == "enable=no")
    }

    @Test func `a backtrace that the user asked for stays`() throws {
        let script = "printf %s \"$SWIFT_BACKTRACE\" > \(folder.path)/backtrace"
        #expect(try run(script, environment: ["SWIFT_BACKTRACE": "enable=yes,color=no"]) == .exited(code: 0))
        #expect(try text("backtrace") == "enable=yes,color=no")
    }

    @Test func `a launched worker has its share, and the launching thread all processors again`() throws {
        let all = ProcessorShares.available
        let last = try #require(all.last)
        var launcher = LocalLauncher(
            executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"],
            shares: ProcessorShares(workerCount: 2, threadCount: 1, processors: [last]))
        let script = "grep Cpus_allowed_list /proc/self/status > \(folder.path)/allowed"
        _ = try launcher.start(.worker(0), arguments: ["-c", script])
        #expect(ProcessorShares.available == all)
        #expect(try end(of: &launcher) == .exited(code: 0))
        #expect(try text("allowed") == "Cpus_allowed_list:\t\(last)\n")
    }

    @Test func `a child inherits no descriptor but its standard streams`() throws {
        // Without the close-on-exec flag.
        let descriptor = open("/dev/null", O_RDONLY)
        try #require(descriptor > STDERR_FILENO)
        defer { close(descriptor) }
        #expect(try run("for d in /proc/self/fd/*; do echo ${d##*/}; done > \(folder.path)/fds") == .exited(code: 0))
        // The shell itself has opened the folder while it expands the pattern.
        let inherited = try text("fds").split(separator: "\n").compactMap { Int($0) }.filter { $0 == Int(descriptor) }
        #expect(inherited.isEmpty)
    }

    @Test func `the end of a child is reported with its exit code or signal`() throws {
        #expect(try run("exit 75") == .exited(code: 75))
        #expect(try run("kill -9 $$") == .signalled(.kill))
    }

    @Test func `news is a line on the child's standard input, and hanging up ends it`() throws {
        var launcher = LocalLauncher(executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"])
        _ = try launcher.start(.worker(0), arguments: ["-c", "cat > \(folder.path)/input"])
        launcher.notify(.worker(0), .started(7))
        launcher.notify(.worker(1), .started(8))
        launcher.hangUpWorkers()
        #expect(try end(of: &launcher) == .exited(code: 0))
        #expect(try text("input") == "started 7\n")
    }

    @Test func `news for a child that has ended leaves this process alive`() throws {
        var launcher = LocalLauncher(executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"])
        let identifier = try launcher.start(.worker(0), arguments: ["-c", "exit 75"])
        var information = siginfo_t()
        #expect(waitid(P_PID, UInt32(identifier), &information, WEXITED | WNOWAIT) == 0)
        launcher.notify(.worker(0), .started(7))
        #expect(try end(of: &launcher) == .exited(code: 75))
    }

    @Test func `an executable that is missing is an error`() {
        var launcher = LocalLauncher(executable: "/none", environment: [:])
        #expect(throws: LaunchError.self) { try launcher.start(.worker(0), arguments: []) }
    }
}
