package import Coordination
import Glibc

/// Runs coordinator and workers as child processes of this one.
package struct LocalLauncher: Launcher {
    private let executable: String
    private let variables: [String]
    private let shares: ProcessorShares?
    private var processes: [SupervisedChild: ChildProcess] = [:]
    private var workersAreHungUp = false

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
        processes[child] = process
        return process.processIdentifier
    }

    private func started(_ arguments: [String]) throws(LaunchError) -> ChildProcess {
        try ChildProcess.start(executable: executable, arguments: arguments, environment: variables)
    }

    package func notify(_ child: SupervisedChild, _ news: SupervisorNews) {
        processes[child]?.write(line: news.line)
    }

    package func send(_ signal: ProcessSignal, to child: SupervisedChild) {
        processes[child]?.send(signal)
    }

    package mutating func nextChange() -> (child: SupervisedChild, change: ChildChange)? {
        for (child, process) in processes {
            guard let change = process.nextChange() else { continue }
            if case .ended = change {
                processes[child] = nil
                if child == .coordinator || !workersAreHungUp { process.closeInput() }
            }
            return (child, change)
        }
        return nil
    }

    package mutating func hangUpWorkers() {
        guard !workersAreHungUp else { return }
        workersAreHungUp = true
        for (child, process) in processes where child != .coordinator { process.closeInput() }
    }

    package mutating func endAll() {
        for process in processes.values { process.send(.kill) }
        for process in processes.values { process.waitForEnd() }
        hangUpWorkers()
        processes[.coordinator]?.closeInput()
        processes = [:]
    }
}
