internal import Cluster
internal import Core
internal import Foundation
internal import Synchronization

/// A training by several processes of this host: a supervisor, a coordinator and workers, as `selvedge train` runs
/// them.
///
/// The processes run the program `selvedge`: the one that is given, else the one that the environment variable
/// `SELVEDGE_PROGRAM` names, else the one beside this program, else the first in `PATH`.
///
/// ```swift
/// let cluster = try LocalCluster(.shipped(named: "A-1"), workerCount: 4)
/// for await event in cluster.events {
///     if case .epoch(let row) = event { print("epoch \(row.epoch): loss \(row.loss)") }
/// }
/// let run = try await cluster.finishedRun()
/// print(run.path, try run.checkpoint().digest)
/// ```
public final class LocalCluster: Sendable {
    /// The run directory.
    public let path: String
    /// What happens, as it is recorded in the run directory. Ends with the processes. For one reader.
    public let events: AsyncStream<ClusterEvent>
    private let program: TrainProgram
    private let completion: Task<Void, any Error>

    /// Starts a training.
    ///
    /// Without a `workerCount` there are as many workers as the largest power of two up to processors and
    /// micro-batches; without a `threadCount` the processors are divided among them. The run directory `path` must be
    /// missing or empty; without one it is `runs/NAME-N`, never an existing one. `dataFolder` is searched for the data
    /// instead of the usual places. `faults` happen to the processes on purpose.
    ///
    /// - Throws: an error whose description is one line, where the experiment or the program cannot be used.
    public convenience init(
        _ experiment: Experiment, workerCount: Int? = nil, threadCount: Int? = nil, path: String? = nil,
        dataFolder: String? = nil, faults: FaultPlan = FaultPlan(), program: String? = nil
    ) throws {
        _ = try Model(experiment.model, loss: experiment.loss)
        let path = try path ?? RunDirectory.makeNumbered(experiment.name)
        var arguments = ["--run", path] + faults.replayArguments
        if let workerCount { arguments += ["--workers", String(workerCount)] }
        if let threadCount { arguments += ["--threads", String(threadCount)] }
        if let dataFolder { arguments += ["--data", dataFolder] }
        try self.init(experiment, path: path, arguments: arguments, program: program)
    }

    /// Continues a training that ended early, with any number of workers.
    ///
    /// - Throws: an error whose description is one line, where the run or the program cannot be used.
    public convenience init(
        resuming run: Run, workerCount: Int? = nil, dataFolder: String? = nil, program: String? = nil
    ) throws {
        var arguments = ["--run", run.path, "--resume"]
        if let workerCount { arguments += ["--workers", String(workerCount)] }
        if let dataFolder { arguments += ["--data", dataFolder] }
        try self.init(run.experiment, path: run.path, arguments: arguments, program: program)
    }

    private init(_ experiment: Experiment, path: String, arguments: [String], program: String?) throws {
        self.path = path
        let started = try TrainProgram(path: program, experiment: experiment, arguments: arguments)
        let (stream, continuation) = AsyncStream.makeStream(of: ClusterEvent.self)
        self.program = started
        events = stream
        completion = Task.detached {
            defer { continuation.finish() }
            var follower = RunFollower(RunPaths(path))
            while started.isRunning {
                follower.newEvents().forEach { continuation.yield($0) }
                try await Task.sleep(for: .milliseconds(100))
            }
            follower.newEvents().forEach { continuation.yield($0) }
            try started.checkEnd()
        }
    }

    /// Ends the training after the current step: it saves a checkpoint, from which `init(resuming:)` continues.
    public func interrupt() { program.interrupt() }

    /// Waits until all processes have ended.
    ///
    /// - Throws: `ClusterFailure` where the training neither came to its end nor was interrupted.
    public func finishedRun() async throws -> Run {
        try await completion.value
        return try Run(path: path)
    }
}

/// What happens in a training by several processes.
///
/// ```swift
/// let cluster = try LocalCluster(.shipped(named: "A-1"), workerCount: 2)
/// for await event: ClusterEvent in cluster.events {
///     switch event {
///     case .epoch(let row): print("epoch", row.epoch, row.loss)
///     case .timing(let timing): print(timing.imagesPerSecond, "images/s by", timing.workerCount, "workers")
///     case .recovery(let recovery): print("recovered:", recovery.cause)
///     case .message(let text, let isWarning): print(isWarning ? "warning: \(text)" : text)
///     }
/// }
/// ```
public enum ClusterEvent: Sendable, Equatable {
    /// An epoch is finished and recorded.
    case epoch(EpochRow)
    /// What an epoch cost.
    case timing(EpochTiming)
    /// The training went on after a change of its members.
    case recovery(RecoveryTiming)
    /// A line of the run's log.
    case message(String, isWarning: Bool)
}

/// How a training by several processes ended, where it neither came to its end nor was interrupted.
///
/// ```swift
/// do {
///     _ = try await LocalCluster(.shipped(named: "A-1"), dataFolder: "nowhere").finishedRun()
/// } catch let failure as ClusterFailure {
///     print(failure.exitCode, failure)
/// }
/// ```
public struct ClusterFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The program's exit code: 65 for unusable data, 66 for missing input, 75 for a run that can be continued, …
    public let exitCode: Int32
    /// One line.
    public let description: String
}

/// Reads what a run directory gains from one call to the next.
private struct RunFollower {
    private let paths: RunPaths
    private var (rowCount, timingCount, logCount) = (0, 0, 0)

    init(_ paths: RunPaths) {
        self.paths = paths
    }

    /// The log's lines first, then what epochs and recoveries cost, then the rows of epochs.
    mutating func newEvents() -> [ClusterEvent] {
        let messages = wholeLines(paths.log).dropFirst(logCount)
        logCount += messages.count
        let timings = wholeLines(paths.timings).dropFirst(timingCount)
        timingCount += timings.count
        let rows = (try? EpochRow.rows(jsonLines: String(decoding: content(paths.metrics), as: UTF8.self))) ?? []
        defer { rowCount = max(rowCount, rows.count) }
        return messages.compactMap(Self.message) + timings.compactMap(Self.timing)
            + rows.dropFirst(rowCount).map { .epoch($0) }
    }

    private static func message(_ line: [UInt8]) -> ClusterEvent? {
        guard let line = RunLogLine(jsonLine: line), line.level != .debug else { return nil }
        return .message(line.message, isWarning: line.level != .info)
    }

    private static func timing(_ line: [UInt8]) -> ClusterEvent? {
        switch RunTimings.lines(line).first {
        case .epoch(let timing): .timing(timing)
        case .recovery(let timing): .recovery(timing)
        case nil, .some(nil): nil
        }
    }

    /// The lines that have their end.
    private func wholeLines(_ path: String) -> [[UInt8]] {
        content(path).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map(Array.init)
    }

    private func content(_ path: String) -> [UInt8] {
        (try? FileOperations().read(path, byteLimit: RunFiles.byteLimit)) ?? []
    }
}

/// A process that runs `selvedge train`. Its error stream goes to a file in a private folder.
private final class TrainProgram: Sendable {
    private let process: Process
    private let folder: PrivateDirectory
    private let wasInterrupted = Mutex(false)

    init(path: String?, experiment: Experiment, arguments: [String]) throws {
        folder = try PrivateDirectory(environment: ProcessInfo.processInfo.environment)
        try AtomicFile.write(experiment.canonicalForm, to: folder.path + "/experiment.yaml", access: .owner)
        try AtomicFile.write("", to: folder.path + "/errors", access: .owner)
        process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.path(path))
        process.arguments = ["train", folder.path + "/experiment.yaml"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: folder.path + "/errors")
        try process.run()
    }

    private static func path(_ given: String?) throws(ClusterFailure) -> String {
        let environment = ProcessInfo.processInfo.environment
        let beside = Bundle.main.executableURL.map { [$0.deletingLastPathComponent().path] } ?? []
        let folders = beside + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let named = given ?? environment["SELVEDGE_PROGRAM"]
        let candidates = named.map { [$0] } ?? folders.map { $0 + "/selvedge" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw ClusterFailure(
                exitCode: ProcessExitCode.missingInput,
                description: named.map { "\($0) is not a program: give the path of selvedge" }
                    ?? "the program selvedge is neither beside this program nor in PATH: set SELVEDGE_PROGRAM to its path"
            )
        }
        return found
    }

    var isRunning: Bool { process.isRunning }

    func interrupt() {
        wasInterrupted.withLock { $0 = true }
        process.interrupt()
    }

    /// Throws unless the process, which has ended, came to its end or was interrupted.
    func checkEnd() throws(ClusterFailure) {
        process.waitUntilExit()
        let isSignal = process.terminationReason == .uncaughtSignal
        let code = isSignal ? ProcessExitCode.signal(process.terminationStatus) : process.terminationStatus
        if code == 0 || code == ProcessExitCode.signal(SIGINT) && wasInterrupted.withLock(\.self) { return }
        let errors = (try? FileOperations().read(folder.path + "/errors", byteLimit: RunFiles.byteLimit)) ?? []
        let lines = String(decoding: errors, as: UTF8.self).split(whereSeparator: \.isNewline)
        let last = lines.last { $0.hasPrefix("selvedge: ") } ?? lines.last
        throw ClusterFailure(
            exitCode: code, description: last.map(String.init) ?? "selvedge train ended with exit code \(code)")
    }
}
