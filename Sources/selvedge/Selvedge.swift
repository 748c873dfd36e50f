import ArgumentParser
import Cluster
import Glibc

/// The command line: flags, environment, signals, exit codes; the only place where errors become text.
@main
struct Selvedge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selvedge",
        abstract: "Trains image classifiers over worker processes, with the same bits for any number of them.",
        version: Build.version,
        subcommands: [
            TrainCommand.self, CoordinatorCommand.self, WorkerCommand.self, ExperimentsCommand.self,
            SummaryCommand.self, EvaluateCommand.self, InspectCommand.self, BenchCommand.self,
        ])

    static func main() {
        // A reader that goes away must not end a run.
        signal(SIGPIPE, SIG_IGN)
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
            exit(withError: error)
        }
    }
}
