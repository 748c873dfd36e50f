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
