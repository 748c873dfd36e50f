import Cluster
import Faults
import Foundation
import Glibc
import Runs

/// Starts `selvedge train` for a campaign. A training cannot hang for ever, and none of its processes outlives it.
struct TortureProcess: TortureRunner {
    var executable: String
    var environment: [String: String]
    /// The next signal that asks this process to end; nil when there is none.
    var nextSignal: () -> Int32? = { nil }

    private static let pollMilliseconds: Int32 = 5
    /// How long children may take to end after their parent.
    private static let graceSeconds = 10.0

    var seconds: Double { ProcessInfo.processInfo.systemUptime }

    func training(named name: String, in folder: String) throws -> TortureTraining {
        let own = "\(folder)/\(name)"
        guard !FileManager.default.fileExists(atPath: own) else { throw TortureError.exists(own) }
        let training = TortureTraining(run: "\(own)/run", faultFolder: "\(own)/faults", log: "\(own)/output.txt")
        try FileManager.default.createDirectory(atPath: training.faultFolder, withIntermediateDirectories: true)
        return training
    }

    func remove(_ name: String, in folder: String) {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }

    func remove(run: String) { try? FileManager.default.removeItem(atPath: run) }

    /// Runs the program until all its processes have ended: they inherit the pipe for its messages, whose end shows it.
    ///
    /// Throws `TortureInterrupted` when a signal has arrived and all processes have ended; a second signal kills them.
    func run(
        _ training: TortureTraining, _ arguments: [String], deadlineSeconds: Double,
        intervene: (_ seconds: Double) -> TortureIntervention?
    ) throws -> TortureEnd {
        let log = try LogFile(training.log)
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        var variables = environment
        variables[FaultEnvironment.planVariable] = nil
        variables[FaultEnvironment.folderVariable] = training.faultFolder
        process.environment = variables
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        if let signal = nextSignal() { throw TortureInterrupted(signal: signal) }
        log.write("$ selvedge \(arguments.joined(separator: " "))\n")
        let start = seconds
        try process.run()
        try? output.fileHandleForWriting.close()

        let descriptor = output.fileHandleForReading.fileDescriptor
        var deadline = Date(timeIntervalSinceNow: deadlineSeconds)
        var interruption: Int32?
        var leaderEnd: Date?
        var intervention: TortureIntervention?
        var end: TortureEnd?
        while copy(descriptor, to: log) {
            if let signal = nextSignal() {
                deadline = interruption == nil ? Date(timeIntervalSinceNow: Self.graceSeconds) : Date()
                interruption = interruption ?? signal
                if process.isRunning { kill(process.processIdentifier, SIGINT) }
            }
            if end != nil {
                signalAll(training, SIGKILL)
            } else if Date() > deadline {
                end = .overdue
            } else if !process.isRunning {
                let ended = leaderEnd ?? Date()
                leaderEnd = ended
                if Date().timeIntervalSince(ended) > Self.graceSeconds { end = .leftProcesses }
            } else if intervention == nil, let action = intervene(seconds - start) {
                intervention = action
                switch action {
                case .kill: kill(process.processIdentifier, SIGKILL)
                case .terminateAll: signalAll(training, SIGTERM)
                }
            }
        }
        process.waitUntilExit()
        if let interruption { throw TortureInterrupted(signal: interruption) }
        if let end = end ?? (intervention == .kill ? .killed : nil) { return end }
        let code = process.terminationStatus
        return .ended(process.terminationReason == .exit ? code : 128 + code)
    }

    /// Copies the available output, after a short wait for it; false at the end.
    private func copy(_ descriptor: Int32, to log: LogFile) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, Self.pollMilliseconds) > 0 else { return true }
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { log.write(buffer[..<count]) }
        return count > 0 || (count < 0 && errno == EINTR)
    }

    /// Signals every process that has the faults' folder in its environment, in a random order.
    private func signalAll(_ training: TortureTraining, _ signal: Int32) {
        let mark = Data("\(FaultEnvironment.folderVariable)=\(training.faultFolder)\0".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let processes = names.compactMap { pid_t($0) }.filter { identifier in
            let environment = FileManager.default.contents(atPath: "/proc/\(identifier)/environ")
            return identifier != getpid() && environment?.range(of: mark) != nil
        }
        for identifier in processes.shuffled() { kill(identifier, signal) }
    }
}

/// A file to which text is appended.
private final class LogFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: .open, path: path, code: errno) }
    }

    deinit { close(descriptor) }

    func write(_ text: String) { write(Array(text.utf8)[...]) }

    /// Errors are ignored: the file is only for people.
    func write(_ bytes: ArraySlice<UInt8>) {
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}

/// The signals that end a campaign, blocked and queued from its creation until they are requested.
final class TortureInterruption {
    private let signals = SignalWait(signals: [SIGINT, SIGTERM, SIGHUP])

    /// The next signal that has arrived; nil when there is none.
    func next() -> Int32? { signals.next(timeoutMilliseconds: 0) }
}

/// A signal ended a campaign, and all its processes have ended.
struct TortureInterrupted: Error {
    var signal: Int32
}
