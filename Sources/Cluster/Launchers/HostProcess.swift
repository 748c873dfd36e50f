import Coordination
import Core
import Glibc
import Transport

/// This program on a host of a host file, through ssh or on this host itself, with its output and its errors in one
/// text.
///
/// On another host it ends by itself, or when its standard input does; what runs on this host is killed with the
/// object.
final class HostProcess {
    /// How the program is started on the hosts.
    struct Program {
        let ssh: SSHCommand
        /// Its path on this host.
        let executable: String
        let environment: [String: String]
    }

    let host: HostFile.Host
    private let process: ChildProcess
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private(set) var hasEnded = false
    private var hasOpenInput = true

    private static let outputByteLimit = 1 << 20

    /// Starts the program with these arguments, and writes `input` to its standard input, which stays open where
    /// `keepsInput`.
    init(
        _ program: Program, on host: HostFile.Host, isHere: Bool, arguments: [String], input: String = "",
        keepsInput: Bool = false
    ) throws(LaunchError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("make a pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        do {
            process = try ChildProcess.start(
                executable: isHere ? program.executable : SSHCommand.executable,
                arguments: isHere ? arguments : program.ssh.arguments(on: host, arguments, isQuiet: false),
                environment: program.environment, streams: ChildProcess.Streams(output: ends[1], errors: ends[1]),
                blocksStopSignals: false)
        } catch {
            close(ends[0])
            throw error
        }
        self.host = host
        descriptor = ends[0]
        if !input.isEmpty { process.write(input) }
        if !keepsInput { closeInput() }
    }

    deinit {
        closeInput()
        process.send(.kill)
        process.waitForEnd()
        close(descriptor)
    }

    private func closeInput() {
        guard hasOpenInput else { return }
        hasOpenInput = false
        process.closeInput()
    }

    // MARK: Output

    /// What it has printed up to now.
    var output: String { String(decoding: bytes, as: UTF8.self) }

    /// The rest of the first whole line that begins with a text; nil before there is one.
    func line(after prefix: String) -> String? {
        output.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropLast()
            .first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// The last line for a message; nil where nothing was printed.
    var lastLine: String? {
        output.split(whereSeparator: \.isNewline).last.map { escaped(String($0.hasSuffix(".") ? $0.dropLast() : $0)) }
    }

    /// Reads the output of all until each has ended or `isDone`, or the time is over.
    static func wait(
        for processes: [HostProcess], milliseconds: Int, until isDone: (HostProcess) -> Bool = { _ in false }
    ) {
        let deadline = Deadline(afterMilliseconds: milliseconds)
        while !deadline.hasPassed {
            let open = processes.filter { !$0.hasEnded && !isDone($0) }
            guard !open.isEmpty else { return }
            var requests = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            _ = poll(&requests, nfds_t(requests.count), 100)
            for (process, request) in zip(open, requests) where request.revents != 0 { process.read() }
        }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return }
        if count > 0, bytes.count < Self.outputByteLimit { bytes += buffer[..<count] } else { hasEnded = true }
    }
}
