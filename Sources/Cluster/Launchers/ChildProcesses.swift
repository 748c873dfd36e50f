import Coordination

/// The children of a launcher that run, each with the pipe to its standard input.
package struct ChildProcesses {
    private var processes: [SupervisedChild: ChildProcess] = [:]
    private var workersAreHungUp = false

    /// Keeps a process that was started for `child`, and returns its identifier.
    mutating func add(_ process: ChildProcess, for child: SupervisedChild) -> Int32 {
        processes[child] = process
        return process.processIdentifier
    }

    /// Writes text to the child's standard input. A child that no longer reads is not an error.
    func write(_ text: String, to child: SupervisedChild) {
        processes[child]?.write(text)
    }

    func send(_ signal: ProcessSignal, to child: SupervisedChild) {
        processes[child]?.send(signal)
    }

    /// The next child that ended or was suspended, or nil. Never waits.
    mutating func nextChange() -> (child: SupervisedChild, change: ChildChange)? {
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

    /// Closes the standard input of all workers.
    mutating func hangUpWorkers() {
        guard !workersAreHungUp else { return }
        workersAreHungUp = true
        for (child, process) in processes where child != .coordinator { process.closeInput() }
    }

    /// Kills and collects all children that still run.
    mutating func endAll() {
        for process in processes.values { process.send(.kill) }
        for process in processes.values { process.waitForEnd() }
        hangUpWorkers()
        processes[.coordinator]?.closeInput()
        processes = [:]
    }
}
