import ArgumentParser
import Cluster
import Foundation
import Reports
import Runs
import Synchronization

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

/// How a run is shown while it trains.
struct ServeOptions: ParsableArguments {
    @Option(
        name: .customLong("serve"), defaultAsFlag: "",
        help: ArgumentHelp(
            "Serve a live page and Prometheus metrics, on the loopback or at an address of this host.",
            valueName: "[address:]port"))
    var serve: String?

    @Option(help: "File for the run's figures in Prometheus's text format, replaced every 5 seconds.")
    var metricsFile: String?

    private static let metricsPauseNanoseconds: UInt64 = 5_000_000_000

    func validate() throws {
        guard let serve else { return }
        do {
            _ = try RunServer.Address(parsing: serve)
        } catch let error as ExitStatus {
            throw ValidationError(error.message)
        }
    }

    /// Starts what was asked for, in threads of its own. `run` is the run directory, once there is one.
    func start(run: @escaping @Sendable () -> String?) throws {
        if let serve {
            let server = RunServer(try RunServer.Address(parsing: serve), run: run)
            Console.note("Live page: \(server.link)")
            server.start { Console.error($0) }
        }
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
        let snapshot = RunSnapshot(RunPaths(run), nowMilliseconds: Int(Date().timeIntervalSince1970 * 1000))
        try? AtomicFile.write(
            PrometheusText.text(snapshot, version: Build.version), to: file, access: .everyone, with: FileOperations())
    }
}
