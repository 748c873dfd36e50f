import ArgumentParser
import Core
import Glibc
import Runs

/// Shows a run, read from its directory or from the live page of another process.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show a run while it trains, on the terminal or as a page.",
        discussion:
            "It shows the place in the training, the hosts and workers, which workers wait for which, and the log.",
        aliases: ["status"])

    @Argument(
        help: ArgumentHelp("A run directory, or the address of a live page that --serve printed.", valueName: "run"),
        completion: .directory)
    var source: String

    @OptionGroup var page: PageOptions

    @Flag(help: "Print the run as it is now, and end.")
    var once = false

    @Flag(help: "Print one JSON object, and end.")
    var json = false

    private static let pauseMicroseconds: UInt32 = 500_000

    func run() throws {
        let run = try WatchedRun(source)
        if json { return Console.result(try run.json) }
        if page.serve != nil, run.folder == nil {
            throw ExitStatus(ProcessExitCode.usage, "--serve shows a run directory: \(source) is a page already")
        }
        let isServed = try page.start(run: { [folder = run.folder] in folder }) { problem in
            Console.error(problem)
            Glibc.exit(ProcessExitCode.unreachable)
        }
        // Until a signal.
        while isServed { pause() }
        if once || !Console.isInteractive {
            let screen = WatchScreen(view: try run.view, columns: Console.resultColumns)
            return Console.result(screen.lines.joined(separator: "\n"))
        }
        try watch(run)
    }

    /// Redraws until the run is over.
    private func watch(_ run: WatchedRun) throws {
        var drawnLineCount = 0
        while true {
            let view = try run.view
            // The line after the last one stays free for the cursor.
            let lines = WatchScreen(view: view, columns: Console.columns - 1, rows: Console.rows - 1).lines
            // Up to the first line of the last screen, and over it.
            let up = drawnLineCount > 0 ? "\u{1B}[\(drawnLineCount)A" : ""
            Console.write(up + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
            drawnLineCount = lines.count
            if view.status?.isOver == true { return }
            usleep(Self.pauseMicroseconds)
        }
    }
}
