import ArgumentParser
import Core
import Foundation
import Glibc
import Runs

/// Reads a Keras weights file from standard input in a process of its own, which a crash of libhdf5 may end.
struct ReadKerasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-keras", abstract: "Read a Keras weights file for another process.", shouldDisplay: false)

    /// Far above the time that the largest file takes; a damaged one may hold the library for ever.
    private static let deadlineSeconds: UInt32 = 60

    func run() throws {
        alarm(Self.deadlineSeconds)
        let input = FileHandle.standardInput.readDataToEndOfFile()
        do throws(KerasWeightsError) {
            let weights = try KerasWeights(bytes: Array(input), file: "")
            try? FileHandle.standardOutput.write(contentsOf: Data(weights.encoded()))
        } catch {
            let text: String
            let code: Int32
            if case .noLibrary(let reason) = error.problem {
                (text, code) = (reason, ProcessExitCode.unreachable)
            } else {
                (text, code) = (error.explanation, ProcessExitCode.badData)
            }
            try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
            throw ExitCode(code)
        }
    }
}

/// Reads Keras weights in another process of this program: damaged files can crash libhdf5, and must not end a coordinator.
enum SeparateKerasReader {
    static func read(_ bytes: [UInt8], _ path: String) throws(KerasWeightsError) -> KerasWeights {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        do {
            process.executableURL = URL(fileURLWithPath: try Executable.path())
            process.arguments = ["read-keras"]
            process.standardInput = input
            process.standardOutput = output
            // A crash is reported here, in one line.
            process.standardError = FileHandle.nullDevice
            process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
            try process.run()
        } catch {
            throw KerasWeightsError(file: path, problem: .reported("no process to read it in: \(error)"))
        }
        // The process answers only after it has read everything; one that ends early is told by its status.
        try? input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try? input.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        if process.terminationReason == .uncaughtSignal {
            throw KerasWeightsError(file: path, problem: .crashed(signal: process.terminationStatus))
        }
        switch process.terminationStatus {
        case 0:
            guard let weights = KerasWeights(encoded: Array(answer)) else {
                throw KerasWeightsError(file: path, problem: .reported("the process that read it gave no whole answer"))
            }
            return weights
        case ProcessExitCode.unreachable:
            throw KerasWeightsError(file: path, problem: .noLibrary(reason: String(decoding: answer, as: UTF8.self)))
        default:
            throw KerasWeightsError(file: path, problem: .reported(String(decoding: answer, as: UTF8.self)))
        }
    }
}
