import Cluster
import Foundation

/// Runs this program once for each rank, concurrently, and collects what each prints on standard output.
enum RankProcesses {
    /// The output of every rank, by rank. `arguments` gets the rank and a private folder shared by all.
    static func run(
        count: Int, arguments: (_ rank: Int, _ directory: String) -> [String]
    ) throws -> [Data] {
        let directory = try PrivateDirectory(environment: ProcessInfo.processInfo.environment)
        let executable = URL(fileURLWithPath: try Executable.path())
        var processes: [(process: Process, output: Pipe)] = []
        for rank in 0..<count {
            let process = Process()
            let output = Pipe()
            process.executableURL = executable
            process.arguments = arguments(rank, directory.path)
            process.standardOutput = output
            try process.run()
            processes.append((process, output))
        }
        var results: [Data] = []
        for (process, output) in processes {
            results.append(output.fileHandleForReading.readDataToEndOfFile())
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                for (other, _) in processes where other.isRunning { other.terminate() }
                throw ExitStatus(
                    process.terminationStatus, "a benchmark process exited with \(process.terminationStatus)")
            }
        }
        return results
    }
}

/// The file of this program.
enum Executable {
    static func path() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
