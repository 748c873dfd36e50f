/// The exit codes that coordination can lead to.
public enum ExitCode {
    public static let success: Int32 = 0
    public static let usage: Int32 = 64
    public static let badData: Int32 = 65
    public static let unreachable: Int32 = 69
    public static let internalError: Int32 = 70
    public static let inputOutput: Int32 = 74
    public static let requeue: Int32 = 75

    /// Whether a process that ended with it would end the same way again: arguments, data, files and addresses that could not
    /// be used stay so.
    public static func isFinal(_ code: Int32) -> Bool {
        (usage...unreachable).contains(code)
    }
}
