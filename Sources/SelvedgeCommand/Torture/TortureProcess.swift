import Faults
import Foundation
import Glibc
import Runs

/// A training that is watched: it cannot hang for ever, and none of its processes outlives it.
struct TortureProcess {
    enum End: Equatable {
        /// The exit code, or 128 + the signal that killed it.
        case ended(Int32)
        /// It was killed because `isToBeKilled` said so, and its children followed.
        case killed
        /// It had not ended at its deadline; everything was killed.
        case overdue
        /// It ended, and left processes that did not; these were killed.
        case leftProcesses
    }

    var executable: String
    /// Where its faults are marked; every process of the run has it in its environment.
    var faultFolder: String
    var environment: [String: String]
    /// What it says is added to this file.
    var logFile: String
    var deadlineSeconds: Double
    /// The next signal that asks this process to end; nil when there is none.
    var nextSignal: () -> Int32? = { nil }

    private static let pollMilliseconds: Int32 = 5
    /// How long children may take to follow their parent.
    private static let graceSeconds = 10.0

    /// Runs the program to its end. All its processes inherit the pipe for its messages, whose end says that none is left.
    ///
    /// Throws `TortureInterrupted` when a signal has come and all processes have ended; a second signal kills them.
    func run(_ arguments: [String], isToBeKilled: () -> Bool = { false }) throws -> End {
        let log = try LogFile(logFile)
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        if let signal = nextSignal() { throw TortureInterrupted(signal: signal) }
        log.write("$ selvedge \(arguments.joined(separator: " "))\n")
        try process.run()
        try? output.fileHandleForWriting.close()

        let descriptor = output.fileHandleForReading.fileDescriptor
        var deadline = Date(timeIntervalSinceNow: deadlineSeconds)
        var interruption: Int32?
        var leaderEnd: Date?
        var wasKilled = false
        var end: End?
        while copy(descriptor, to: log) {
            if let signal = nextSignal() {
                deadline = interruption == nil ? Date(timeIntervalSinceNow: Self.graceSeconds) : Date()
                interruption = interruption ?? signal
                // The first asks it to save, the second to end at once.
                for request in [SIGINT, SIGTERM] where process.isRunning { kill(process.processIdentifier, request) }
            }
            if end != nil {
                killAll()
            } else if Date() > deadline {
                end = .overdue
            } else if !process.isRunning {
                let ended = leaderEnd ?? Date()
                leaderEnd = ended
                if Date().timeIntervalSince(ended) > Self.graceSeconds { end = .leftProcesses }
            } else if !wasKilled && isToBeKilled() {
                wasKilled = true
                kill(process.processIdentifier, SIGKILL)
            }
        }
        process.waitUntilExit()
        if let interruption { throw TortureInterrupted(signal: interruption) }
        if let end = end ?? (wasKilled ? .killed : nil) { return end }
        let code = process.terminationStatus
        return .ended(process.terminationReason == .exit ? code : 128 + code)
    }

    /// Copies what has arrived, waiting a little for it; false at the end.
    private func copy(_ descriptor: Int32, to log: LogFile) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, Self.pollMilliseconds) > 0 else { return true }
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { log.write(buffer[..<count]) }
        return count > 0 || (count < 0 && errno == EINTR)
    }

    /// Kills every process that has the faults' folder in its environment.
    private func killAll() {
        let mark = Data("\(FaultEnvironment.folderVariable)=\(faultFolder)\0".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for identifier in names.compactMap({ pid_t($0) }) where identifier != getpid() {
            let environment = FileManager.default.contents(atPath: "/proc/\(identifier)/environ")
            if environment?.range(of: mark) != nil { kill(identifier, SIGKILL) }
        }
    }
}

/// A file that text is added to.
private final class LogFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: .open, path: path, code: errno) }
    }

    deinit { close(descriptor) }

    func write(_ text: String) { write(Array(text.utf8)[...]) }

    /// What the disk does not take is lost: it is only there to be read by people.
    func write(_ bytes: ArraySlice<UInt8>) {
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
