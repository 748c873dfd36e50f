import ArgumentParser
import Cluster
import Core
import Foundation
import Reports
import Runs
import Synchronization
import Transport

/// The run directory that a coordinator has announced to its supervisor.
final class AnnouncedRun: Sendable {
    private let known = Mutex<String?>(nil)

    /// The last path that was found.
    var path: String? { known.withLock { $0 } }

    /// Looks for the announcement in the folder of the run's sockets, whenever the path is asked for.
    func look(in folder: String) -> @Sendable () -> String? {
        let file = "\(folder)/\(RunAnnouncement.fileName)"
        return { [self] in
            if let run = RunAnnouncement.run(in: file) { known.withLock { $0 = run } }
            return path
        }
    }
}

/// A live page of a run.
struct PageOptions: ParsableArguments {
    @Option(
        name: .customLong("serve"), defaultAsFlag: "",
        help: ArgumentHelp(
            "Serve a live page and Prometheus metrics, on the loopback or at an address of this host.",
            valueName: "[address:]port"))
    var serve: String?

    @Option(
        help: ArgumentHelp(
            "File with the token of the page, which only its owner can read; by default a new one is printed.",
            valueName: "file"))
    var serveToken: String?

    func validate() throws {
        do {
            _ = try serve.map { try RunServer.Address(parsing: $0) }
        } catch let error as ExitStatus {
            throw ValidationError(error.message)
        }
    }

    /// Serves the page, if it was asked for, in threads of its own. `run` is the run directory, once there is one.
    /// Returns whether it was asked for.
    func start(run: @escaping @Sendable () -> String?, failed: @escaping @Sendable (String) -> Void) throws -> Bool {
        guard let serve else { return false }
        let server = RunServer(try RunServer.Address(parsing: serve), token: try token(), run: run)
        Console.note("Live page: \(server.link)")
        server.start(failed: failed)
        return true
    }

    /// Answers probes for a process that has no run directory, if the page was asked for.
    func startProbes(failed: @escaping @Sendable (String) -> Void) throws {
        guard let serve else { return }
        RunServer(try RunServer.Address(parsing: serve), token: try token(), run: { nil }, isReady: { true })
            .start(failed: failed)
    }

    private static let tokenLengths = 16...256

    /// The token in the user's file; nil without a file.
    private func token() throws -> String? {
        guard let serveToken else { return nil }
        let text = try SecretFile.read(path: serveToken).trimmingCharacters(in: .whitespacesAndNewlines)
        let isUsable = text.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"&=#%+".utf8.contains($0) }
        guard isUsable, Self.tokenLengths ~= text.utf8.count else {
            throw ExitStatus(
                ProcessExitCode.badData,
                "\(serveToken): a token has \(Self.tokenLengths.lowerBound) to \(Self.tokenLengths.upperBound) letters and digits"
            )
        }
        return text
    }
}

/// How a run is shown while it trains.
struct ServeOptions: ParsableArguments {
    @OptionGroup var page: PageOptions

    @Option(
        help: "File for the run's figures in Prometheus's text format, replaced every 5 seconds.", completion: .file())
    var metricsFile: String?

    private static let metricsPauseNanoseconds: UInt64 = 5_000_000_000

    /// Starts what was asked for, in threads of its own. `run` is the run directory, once there is one.
    func start(run: @escaping @Sendable () -> String?) throws {
        _ = try page.start(run: run) { Console.error($0) }
        guard let metricsFile else { return }
        Task.detached {
            while true {
                Self.writeMetrics(to: metricsFile, run: run())
                try? await Task.sleep(nanoseconds: Self.metricsPauseNanoseconds)
            }
        }
    }

    /// Writes the last figures.
    func finish(run: String?) {
        if let metricsFile { Self.writeMetrics(to: metricsFile, run: run) }
    }

    /// Ignores failures: the collector shows that its file is old.
    private static func writeMetrics(to file: String, run: String?) {
        guard let run else { return }
        try? AtomicFile.write(
            PrometheusText.text(.now(of: run), version: Build.version), to: file, access: .everyone,
            with: FileOperations())
    }
}
