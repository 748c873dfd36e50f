package import Coordination

/// Runs coordinator and workers as child processes of this one.
package struct LocalLauncher: Launcher {
    package var children = ChildProcesses()
    private let executable: String
    private let variables: [String]
    private let shares: ProcessorShares?

    /// Children run `executable` with `environment`. Their crashes leave no `swift-backtrace` process behind unless the
    /// environment asks for one: it would inherit the caller's pipes, and outlive a child that is killed while it
    /// waits. With `shares` each worker has its processors.
    package init(executable: String, environment: [String: String], shares: ProcessorShares? = nil) {
        self.executable = executable
        self.shares = shares
        variables = environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in given }
            .map { "\($0.key)=\($0.value)" }.sorted()
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
        try ChildProcess.start(executable: executable, arguments: arguments, environment: variables)
    }
}
