import ArgumentParser
import Core
import Glibc
import Reports
import Runs

/// Shows a run, read from its directory.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show a run while it trains, on the terminal or as a page.")

    @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
    var folder: String

    @OptionGroup var page: PageOptions

    @Flag(help: "Print the run as it is now, and end.")
    var once = false

    @Flag(help: "Print one JSON object, and end.")
    var json = false

    private static let pauseMicroseconds: UInt32 = 500_000

    func run() throws {
        guard FileOperations().exists(RunPaths(folder).experiment) else {
            throw ExitStatus(
                ProcessExitCode.missingInput, "\(folder) is not a run directory: it has no experiment.yaml")
        }
        if json { return Console.result(snapshot.result) }
        let isServed = try page.start(run: { [folder] in folder }) { problem in
            Console.error(problem)
            Glibc.exit(ProcessExitCode.unreachable)
        }
        // Until a signal.
        while isServed { pause() }
        if once || !Console.isInteractive { return Console.result(text(of: snapshot).joined(separator: "\n")) }
        try watch()
    }

    private var snapshot: RunSnapshot { .now(of: folder) }

    private func text(of snapshot: RunSnapshot) -> [String] {
        WatchScreen(snapshot: snapshot, columns: Console.columns - 1).lines
    }

    /// Redraws until the run is over.
    private func watch() throws {
        var drawnLineCount = 0
        while true {
            let snapshot = snapshot
            let lines = text(of: snapshot)
            // Up to the first line of the last screen, and over it.
            let up = drawnLineCount > 0 ? "\u{1B}[\(drawnLineCount)A" : ""
            Console.write(up + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
            drawnLineCount = lines.count
            if snapshot.status?.isOver == true { return }
            usleep(Self.pauseMicroseconds)
        }
    }
}
