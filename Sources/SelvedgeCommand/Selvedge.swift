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
            var command = try parseAsRoot(OptionalValues.separated(Array(CommandLine.arguments.dropFirst())))
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
        return "\(UsageHint.near(problem)); see 'selvedge \(isCommand ? first + " " : "")--help'"
    }
}

/// The parser's hint at an option, in "Unknown option '--lr'. Did you mean '--set'?".
enum UsageHint {
    /// The problem without a hint at an option whose name is another word.
    static func near(_ problem: String) -> String {
        guard let hint = problem.firstRange(of: ". Did you mean ") else { return problem }
        let names = [problem[..<hint.lowerBound], problem[hint.upperBound...]].map { part in
            part.split(separator: "'").first { $0.hasPrefix("-") }.map { String($0.drop { $0 == "-" }) } ?? ""
        }
        return NearestName.of(names[0], among: [names[1]]) == nil ? String(problem[..<hint.lowerBound]) : problem
    }
}

/// Options whose value may be left out. The parser would take `--name=value` for the name alone, so that a checkpoint
/// that was named is not the one that is resumed.
enum OptionalValues {
    private static let names = ["--resume", "--serve"]

    /// The arguments with `--name=value` as two of them.
    static func separated(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let options = arguments[..<end].flatMap { argument in
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && names.contains(String(parts[0])) ? parts.map(String.init) : [argument]
        }
        return options + arguments[end...]
    }
}
