/// The exit codes of every process of this program: sysexits.h, and 128 + N for signal N.
package enum ProcessExitCode {
    package static let success: Int32 = 0
    /// The command line, the environment or a file has a value that cannot be used.
    package static let usage: Int32 = 64
    /// A file or a message has content that cannot be used.
    package static let badData: Int32 = 65
    /// An input file is missing.
    package static let missingInput: Int32 = 66
    /// Another process, host or library cannot be reached.
    package static let unreachable: Int32 = 69
    package static let internalError: Int32 = 70
    package static let inputOutput: Int32 = 74
    /// The run can be continued later: a batch system should queue it again.
    package static let requeue: Int32 = 75
    /// The coordinator did not admit this worker.
    package static let notAdmitted: Int32 = 77
    /// What ssh ends with when it cannot connect or its connection breaks. No process of this program uses it.
    package static let connectionLost: Int32 = 255

    /// The code after signal `number`: 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM.
    package static func signal(_ number: Int32) -> Int32 { 128 + number }

    /// Whether a second attempt would end with the same code: unusable arguments, data, files and addresses do not
    /// change.
    package static func isFinal(_ code: Int32) -> Bool {
        (usage...unreachable).contains(code)
    }
}
