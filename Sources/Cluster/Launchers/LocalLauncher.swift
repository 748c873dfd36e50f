package import Coordination

/// Runs coordinator and workers as child processes of this one.
package struct LocalLauncher: Launcher {
    package var children = ChildProcesses()
    private let executable: String
    private let environment: [String: String]
    private let shares: ProcessorShares?
    private let inheritsInput: Bool

    /// Children run `executable` with `environment`. With `shares` each worker has its processors. A single child may
    /// inherit the standard input of this process, which then has to leave it alone.
    package init(
        executable: String, environment: [String: String], shares: ProcessorShares? = nil, inheritsInput: Bool = false
    ) {
        self.executable = executable
        self.shares = shares
        self.inheritsInput = inheritsInput
        self.environment = environment
    }

    package mutating func start(_ child: SupervisedChild, arguments: [String]) throws(LaunchError) -> Int32 {
        let process =
            if let shares, case .worker(let index) = child {
                try shares.withShare(ofWorker: index) { () throws(LaunchError) in try started(arguments) }
            } else {
                try started(arguments)
            }
        return children.add(process, for: child)
    }

    private func started(_ arguments: [String]) throws(LaunchError) -> ChildProcess {
        try ChildProcess.start(
            executable: executable, arguments: arguments, environment: environment, inheritsInput: inheritsInput)
    }
}
