import ArgumentParser
import Cluster
import Core
import Transport

/// How the hosts of a host file are reached.
struct SSHOptions: ParsableArguments {
    @Option(help: "For a host file: the ssh command with its options, separated by blanks.")
    var ssh = "ssh"

    @Option(
        help: ArgumentHelp(
            "For a host file: the path of selvedge on the other hosts; by default that of this program, or else what their "
                + "search path has.", valueName: "path"))
    var program: String?

    func validate() throws {
        guard ssh.contains(where: { $0 != " " }) else { throw ValidationError("--ssh names no command") }
    }

    func command() throws -> SSHCommand {
        SSHCommand(ssh, program: program, ownPath: try Executable.path())
    }

    /// The host and the port of the address of this host that the user names; nil and 0 take those of ssh's connection
    /// and a free port.
    static func ownAddress(_ coordinator: Endpoint?) throws -> (host: String?, port: UInt16) {
        switch coordinator {
        case nil: return (nil, 0)
        case .tcp(let host, let port)?: return (host, port)
        default: throw ExitStatus(ProcessExitCode.usage, "--coordinator: write tcp://HOST:PORT with this host's name")
        }
    }
}
