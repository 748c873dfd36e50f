import ArgumentParser
import Core
import Foundation
import Glibc
import Runs

/// Reads a Keras weights file from standard input, in a separate process because libhdf5 can crash.
struct ReadKerasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-keras", abstract: "Read a Keras weights file for another process.", shouldDisplay: false)

    /// Far above the time of the largest file; a damaged one can make the library loop forever.
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

/// Reads Keras weights in another process of this program: a damaged file can crash libhdf5, which must not end a
/// coordinator.
enum SeparateKerasReader {
    static func read(_ bytes: [UInt8], _ path: String) throws(KerasWeightsError) -> KerasWeights {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        do {
            process.executableURL = URL(fileURLWithPath: try Executable.path())
            process.arguments = ["read-keras"]
            process.standardInput = input
            process.standardOutput = output
            // This process reports a crash in one line.
            process.standardError = FileHandle.nullDevice
            process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
            try process.run()
        } catch {
            throw KerasWeightsError(file: path, problem: .reported("cannot start the process that reads it: \(error)"))
        }
        // The process answers only after it has read everything; an early end shows in its exit status.
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
                throw KerasWeightsError(
                    file: path, problem: .reported("the process that read it gave an incomplete answer"))
            }
            return weights
        case ProcessExitCode.unreachable:
            throw KerasWeightsError(file: path, problem: .noLibrary(reason: String(decoding: answer, as: UTF8.self)))
        default:
            throw KerasWeightsError(file: path, problem: .reported(String(decoding: answer, as: UTF8.self)))
        }
    }
}
