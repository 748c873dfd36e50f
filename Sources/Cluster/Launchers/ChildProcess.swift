import CPlatform
import Coordination
import Glibc

/// A child in its own process group, with a pipe to its standard input that closes when this process ends, or with the
/// standard input of this process.
struct ChildProcess {
    let processIdentifier: Int32
    /// The writing end of the child's standard input; nil where that is this process's own.
    private let inputDescriptor: Int32?

    /// Where the output and error streams of a child go.
    struct Streams {
        var output = STDOUT_FILENO
        var errors = STDERR_FILENO
    }

    /// Starts `executable` with `arguments` (without the program's name).
    ///
    /// Crashes of the child leave no `swift-backtrace` process behind unless `environment` asks for one: it would inherit
    /// the caller's pipes, and outlive a child that is killed while it waits.
    ///
    /// The child gets the streams, and no other descriptor. A program that does not take the signals that ask for the
    /// end by itself needs them unblocked.
    static func start(
        executable: String, arguments: [String], environment: [String: String], streams: Streams = Streams(),
        inheritsInput: Bool = false, blocksStopSignals: Bool = true
    ) throws(LaunchError) -> ChildProcess {
        let input = try inheritsInput ? nil : inputPipe()
        defer { if let input { close(input.reading) } }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input { posix_spawn_file_actions_adddup2(&actions, input.reading, STDIN_FILENO) }
        if streams.output != STDOUT_FILENO {
            posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO)
        }
        if streams.errors != STDERR_FILENO {
            posix_spawn_file_actions_adddup2(&actions, streams.errors, STDERR_FILENO)
        }
        // Descriptors of the caller that lack the close-on-exec flag.
        selvedge_spawn_close_from(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        configure(&attributes, blocksStopSignals: blocksStopSignals)

        let variables = environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given }
            .map { "\($0.key)=\($0.value)" }.sorted()
        var identifier: pid_t = 0
        let status = withCStrings([executable] + arguments) { argumentPointers in
            withCStrings(variables) { environmentPointers in
                posix_spawn(
                    &identifier, executable, &actions, &attributes, argumentPointers, environmentPointers)
            }
        }
        guard status == 0 else {
            if let input { close(input.writing) }
            throw .system("start \(executable)", status)
        }
        return ChildProcess(processIdentifier: identifier, inputDescriptor: input?.writing)
    }

    private static func inputPipe() throws(LaunchError) -> (reading: Int32, writing: Int32) {
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else { throw .system("make a pipe", errno) }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (descriptors[0], descriptors[1])
    }

    /// Its own process group (a terminal's Ctrl-C reaches only the supervisor), default handlers. Signals that ask for
    /// the end are blocked until the child takes them: one that arrives earlier does not kill it.
    private static func configure(_ attributes: inout posix_spawnattr_t, blocksStopSignals: Bool) {
        var blocked = sigset_t()
        sigemptyset(&blocked)
        if blocksStopSignals {
            for signal in StopSignals.all { sigaddset(&blocked, signal) }
        }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// Writes text to the pipe to the child; a child that no longer reads is not an error.
    func write(_ text: String) {
        guard let inputDescriptor else { return }
        // A pipe that the child has closed raises a signal in the writing thread, which would end this process.
        let closedPipe = SignalWait(signals: [SIGPIPE])
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(inputDescriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written <= 0 { break }
            bytes = bytes.dropFirst(written)
        }
        _ = closedPipe.next(timeoutMilliseconds: 0)
    }

    func closeInput() {
        if let inputDescriptor { close(inputDescriptor) }
    }

    func send(_ signal: ProcessSignal) {
        kill(processIdentifier, signal.rawValue)
    }

    /// How the child ended, or that it was suspended; nil if neither since the last call. Never waits, and leaves other
    /// children of this process alone: they may belong to another part of the program.
    func nextChange() -> ChildChange? {
        while true {
            var information = siginfo_t()
            let result = waitid(
                P_PID, UInt32(processIdentifier), &information, WEXITED | WSTOPPED | WNOHANG)
            if result != 0 && errno == EINTR { continue }
            guard result == 0 else { return nil }
            let child = information._sifields._sigchld
            guard child.si_pid != 0 else { return nil }
            switch information.si_code {
            case Int32(CLD_EXITED): return .ended(.exited(code: child.si_status))
            case Int32(CLD_STOPPED), Int32(CLD_TRAPPED): return .stopped
            default: return .ended(.signalled(ProcessSignal(rawValue: child.si_status)))
            }
        }
    }

    /// Waits until the child has ended.
    func waitForEnd() {
        while waitpid(processIdentifier, nil, 0) < 0 && errno == EINTR {}
    }
}

/// Calls `body` with a null-terminated array of C strings that live during the call.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least the null") }
        return body(base)
    }
}
