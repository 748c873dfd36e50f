import Foundation
import Glibc
import Testing

/// A process of the program under test, whose error stream is read line by line. Every wait has a deadline.
///
/// All its children inherit the error stream, so the stream's end also proves that none of them is left.
final class Selvedge {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// How a process ended.
    struct End {
        /// The exit code, or 128 + the signal that killed it.
        var code: Int32
        /// All lines on the error stream.
        var lines: [String]

        /// The lines in which the program reports an error.
        var complaints: [String] { lines.filter { $0.hasPrefix("selvedge: ") } }
    }

    let processIdentifier: pid_t
    private let errors: Int32
    private var partial: [UInt8] = []
    private var lines: [String] = []
    private static let deadlineSeconds = 60.0

    /// The program beside the test runner.
    static let path: String = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: runner).deletingLastPathComponent().appendingPathComponent("selvedge").path
    }()

    /// Starts the program in a folder; its sockets go to the folder's `sockets`, its output to `output`.
    ///
    /// `limit` is an option of ulimit with its value, such as "-n 256": the process cannot raise it. With
    /// `inOwnProcessSpace` it is process 1 of a process namespace, as in a container, and dies with the process that
    /// this object names.
    init(
        _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:], limit: String? = nil,
        inOwnProcessSpace: Bool = false
    ) throws {
        var variables = ["PATH": "/usr/bin:/bin", "HOME": scratch.path, "XDG_RUNTIME_DIR": scratch.sockets]
        variables.merge(environment) { _, new in new }
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else { throw Failure(description: "no pipe: \(errno)") }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(descriptors[1]) }
        errors = descriptors[0]

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, scratch.path + "/output", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, descriptors[1], STDERR_FILENO)

        // The shell changes the folder and is then replaced by the program.
        let limiting = limit.map { "ulimit \($0) && " } ?? ""
        let wrapper = inOwnProcessSpace ? Self.processSpaceCommand : ""
        let shell = ["/bin/sh", "-c", limiting + "cd \"$0\" && exec \(wrapper)\"$@\"", scratch.path, Self.path]
        var argumentPointers = (shell + arguments).map { strdup($0) } + [nil]
        var environmentPointers = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argumentPointers + environmentPointers).forEach { free($0) } }
        var identifier: pid_t = 0
        let status = posix_spawn(&identifier, "/bin/sh", &actions, nil, &argumentPointers, &environmentPointers)
        guard status == 0 else { throw Failure(description: "cannot start \(Self.path): error \(status)") }
        processIdentifier = identifier
    }

    deinit {
        close(errors)
    }

    private static let processSpaceCommand = "unshare --user --map-root-user --pid --fork --kill-child "

    /// Whether processes can be started in process namespaces of their own.
    static let canMakeProcessSpaces: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "exec \(processSpaceCommand) true"]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs the program to its end.
    @discardableResult
    static func run(
        _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:], limit: String? = nil
    ) throws -> End {
        try Selvedge(arguments, in: scratch, environment: environment, limit: limit).end()
    }

    /// Makes the pipe of the error stream hold as little as it can, so that the program soon waits for its reader.
    func narrowErrors() throws {
        try #require(Self.narrow(errors))
    }

    /// Makes a pipe hold as little as it can; returns whether it does.
    static func narrow(_ pipe: Int32) -> Bool {
        fcntl(pipe, setPipeSize, 1) > 0
    }

    /// F_SETPIPE_SZ of Linux, which the module Glibc lacks.
    private static let setPipeSize: Int32 = 1031

    func send(signal: Int32) {
        kill(processIdentifier, signal)
    }

    /// Waits for the first line that contains a text.
    @discardableResult
    func line(containing text: String) throws -> String {
        var next = 0
        while true {
            while next < lines.count {
                if lines[next].contains(text) { return lines[next] }
                next += 1
            }
            guard try readMore() else {
                throw Failure(description: "ended without a line with '\(text)':\n" + lines.joined(separator: "\n"))
            }
        }
    }

    /// Whether a line that contains a text has arrived; waits for none.
    func hasLine(containing text: String) throws -> Bool {
        var request = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 0) > 0, try readMore() {}
        return lines.contains { $0.contains(text) }
    }

    /// Waits until it and all its children have ended.
    func end() throws -> End {
        while try readMore() {}
        var status: Int32 = 0
        while waitpid(processIdentifier, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return End(code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, lines: lines)
    }

    /// The process identifier of a worker that has joined.
    func worker(_ name: String) throws -> pid_t {
        let line = try line(containing: "worker '\(name)' joined (pid ")
        let digits = line.components(separatedBy: "(pid ").last?.prefix { $0.isNumber }
        return try #require(digits.flatMap { pid_t($0) })
    }

    /// The process identifiers of its children.
    func children() throws -> [pid_t] {
        let path = "/proc/\(processIdentifier)/task/\(processIdentifier)/children"
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").compactMap { pid_t($0) }
    }

    /// Reads what has arrived, waiting for it; false at the stream's end. Ends everything when the deadline passes.
    private func readMore() throws -> Bool {
        var request = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, Int32(Self.deadlineSeconds * 1000)) > 0 else {
            for child in (try? children()) ?? [] { kill(child, SIGKILL) }
            send(signal: SIGKILL)
            throw Failure(
                description: "nothing happened for \(Self.deadlineSeconds) s after:\n" + lines.joined(separator: "\n"))
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(errors, &buffer, buffer.count)
        guard count > 0 else {
            if !partial.isEmpty { lines.append(String(decoding: partial, as: UTF8.self)) }
            partial = []
            return false
        }
        for byte in buffer[..<count] {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: partial, as: UTF8.self))
                partial = []
            } else {
                partial.append(byte)
            }
        }
        return true
    }
}
