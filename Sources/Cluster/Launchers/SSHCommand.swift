import Coordination
import Core

/// How ssh is called, and what it starts on another host.
package struct SSHCommand: Sendable, Equatable {
    /// Finds the program of the first word in the search path.
    static let executable = "/usr/bin/env"
    /// How long a connection may take to be made.
    static let connectSeconds = 10

    private let words: [String]
    /// The path of this program, which is tried first on each host.
    private let ownPath: String
    /// The path that the user gives; nil for the own path, or else what the host's search path has.
    private let program: String?

    /// `text` is a command with options, separated by blanks.
    package init(_ text: String, program: String?, ownPath: String) {
        words = text.split(separator: " ").map(String.init)
        self.program = program
        self.ownPath = ownPath
    }

    /// It never asks anything, notices within 15 s that a host is gone, and shares no connection with another one, so
    /// that each worker has its own. The first value of an option counts: those of the user have precedence. Host keys
    /// are checked as the user's ssh is set up.
    private static let options = [
        "BatchMode=yes", "ConnectTimeout=\(connectSeconds)", "ServerAliveInterval=5", "ServerAliveCountMax=3",
        "ControlMaster=no", "ControlPath=none", "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no",
        "RequestTTY=no",
    ]

    /// The arguments of `executable` that start this program on `host` with `arguments`. `isQuiet` leaves out ssh's own
    /// messages.
    func arguments(on host: HostFile.Host, _ arguments: [String], isQuiet: Bool) -> [String] {
        let options = Self.options + (isQuiet ? ["LogLevel=QUIET"] : [])
        return words + options.flatMap { ["-o", $0] } + (host.user.map { ["-l", $0] } ?? [])
            + [host.name, remoteCommand(arguments)]
    }

    /// The command for the host's shell, whichever it is. ssh itself ends with 255 when a signal kills what it started;
    /// the shell in between makes 128 + N of signal N.
    private func remoteCommand(_ arguments: [String]) -> String {
        let find =
            program.map { "p=\(shellWord($0))" } ?? "p=\(shellWord(ownPath)); [ -x \"$p\" ] || p=selvedge"
        let script = "\(find); \"$p\" \(arguments.map(shellWord).joined(separator: " ")); exit $?"
        return "sh -c \(shellWord(script))"
    }

    /// How a process on another host ended, by the end of its ssh.
    static func remoteStatus(_ status: ChildStatus) -> ChildStatus {
        switch status {
        // What killed ssh broke the connection.
        case .signalled: .exited(code: ProcessExitCode.connectionLost)
        case .exited(let code) where code > 128 && code < ProcessExitCode.connectionLost:
            .signalled(ProcessSignal(rawValue: code - 128))
        case .exited: status
        }
    }

    /// What to do about ssh's or the remote shell's complaint; nil where the complaint itself says it.
    static func advice(on complaint: String, host: HostFile.Host) -> String {
        let causes = [
            ("Host key verification failed", "compare its key, then accept it: ssh \(host) true"),
            ("Permission denied", "give it your key: ssh-copy-id \(host)"),
            ("Could not resolve", "look for a misspelt name: getent hosts \(host.name)"),
            ("Connection refused", "start its ssh server: sudo systemctl start ssh"),
            (
                "while loading shared libraries",
                "install them there with the package of scripts/package: a copied program has none"
            ),
            ("not found", "install selvedge there (scripts/install), or give its path with --program"),
            ("No such file", "install selvedge there (scripts/install), or give its path with --program"),
            ("no command 'launch'", "install the same release there (scripts/install)"),
            ("Unknown option", "install the same release there (scripts/install)"),
        ]
        return causes.first { complaint.contains($0.0) }?.1 ?? "try by hand: ssh -v \(host) true"
    }
}
