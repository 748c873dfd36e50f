/// The exit codes that coordination can lead to.
package enum ExitCode {
    package static let success: Int32 = 0
    package static let usage: Int32 = 64
    package static let badData: Int32 = 65
    package static let unreachable: Int32 = 69
    package static let internalError: Int32 = 70
    package static let inputOutput: Int32 = 74
    package static let requeue: Int32 = 75

    /// Whether a process that ended with it would end the same way again: arguments, data, files and addresses that could not
    /// be used stay so.
    package static func isFinal(_ code: Int32) -> Bool {
        (usage...unreachable).contains(code)
    }
}
