import ArgumentParser
import Cluster
import Core
import Glibc

/// The command line: flags, environment, signals, exit codes; the only place where errors become text.
@main
struct Selvedge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selvedge",
        abstract: "Trains image classifiers over worker processes, with the same bits for any number of them.",
        version: Build.version,
        subcommands: [
            TrainCommand.self, LaunchCommand.self, CoordinatorCommand.self, WorkerCommand.self, ExperimentsCommand.self,
            SummaryCommand.self, DataCommand.self, DoctorCommand.self, EvaluateCommand.self, PredictCommand.self,
            CompareCommand.self, ReproduceCommand.self, TortureCommand.self, VerifyCommand.self, WatchCommand.self,
            KeysCommand.self, InspectCommand.self, ExportCommand.self, ReadKerasCommand.self, ProxyCommand.self,
            BenchCommand.self,
        ])

    static func main() {
        Console.fillClosedStreams()
        // A closed pipe must not end a run.
        signal(SIGPIPE, SIG_IGN)
        // A write beyond the limit of file sizes fails like any other.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let status as ExitStatus {
            Console.error(status.message)
            Glibc.exit(status.code)
        } catch {
            if let status = ExitStatus(of: error) {
                Console.error(status.message)
                Glibc.exit(status.code)
            }
            // A bare exit code is from a process that has already printed the reason.
            if !(error is ExitCode), exitCode(for: error) == .validationFailure {
                Console.error(usageMessage(error))
                Glibc.exit(ProcessExitCode.usage)
            }
            exit(withError: error)
        }
    }

    /// One line about arguments that cannot be used.
    private static func usageMessage(_ error: any Error) -> String {
        let commands = configuration.subcommands.filter { $0.configuration.shouldDisplay }
            .flatMap { [$0._commandName] + $0.configuration.aliases }
        let first = CommandLine.arguments.dropFirst().first ?? ""
        let isCommand = commands.contains(first)
        let problem =
            isCommand || first.hasPrefix("-")
            ? message(for: error).split(separator: "\n").first.map(String.init) ?? "unusable arguments"
            : "no command '\(first)'; the commands are \(commands.joined(separator: ", "))"
        return "\(problem); see 'selvedge \(isCommand ? first + " " : "")--help'"
    }
}
