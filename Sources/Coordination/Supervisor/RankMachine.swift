import Core

/// Decides about the worker of one rank that a launcher started: when it is started again, and how the rank ends.
///
/// Launchers end all ranks when one dies. So the process that the launcher started is not the worker: it starts the
/// worker again, and the launcher notices nothing. Times are milliseconds of one monotonic clock; the driver performs
/// actions in their order and calls nothing after `.finish`.
package struct RankMachine {
    package enum Action: Equatable, Sendable {
        case start
        case send(ProcessSignal)
        /// Shows a line to the user.
        case note(String)
        /// Ends the rank with this exit code.
        case finish(Int32)
    }

    private let name: String
    private var slot: WorkerSlot
    private var isStopping = false

    /// `name` is the worker's. `restartLimit` bounds its restarts within an hour.
    package init(name: String, restartLimit: Int) {
        self.name = name
        slot = WorkerSlot(restartLimit: restartLimit)
    }

    package mutating func begin() -> [Action] { [.start] }

    /// The worker runs, as an action requested.
    package mutating func started(_ processIdentifier: Int32) {
        slot.started(processIdentifier)
    }

    /// The worker could not be started; `problem` says why.
    package mutating func startFailed(_ problem: String, now: UInt64) -> [Action] {
        restart(after: problem, otherwise: ProcessExitCode.internalError, now: now)
    }

    package mutating func ended(_ status: ChildStatus, now: UInt64) -> [Action] {
        let identifier = slot.processIdentifier.map { " (pid \($0))" } ?? ""
        slot.lost()
        switch status {
        case .exited(let code):
            let isFinal =
                [ProcessExitCode.success, ProcessExitCode.requeue, ProcessExitCode.notAdmitted].contains(code)
                || ProcessExitCode.isFinal(code)
            if isFinal || isStopping { return [.finish(code)] }
            return restart(after: "\(identifier) \(status)", otherwise: code, now: now)
        case .signalled(let signal):
            let code = ProcessExitCode.signal(signal.rawValue)
            if isStopping { return [.finish(code)] }
            return restart(after: "\(identifier) \(status)", otherwise: code, now: now)
        }
    }

    private mutating func restart(after problem: String, otherwise code: Int32, now: UInt64) -> [Action] {
        switch slot.scheduleRestart(now: now) {
        case .scheduled: [.note("\(name)\(problem): starting it again")]
        case .exhausted(let limit):
            [.note("\(name)\(problem) and is not started again: \(limit) restarts an hour"), .finish(code)]
        }
    }

    /// A signal suspended the worker. It could stay suspended for ever, so it is killed and started again.
    package mutating func stopped() -> [Action] { [.send(.kill)] }

    /// A signal asks for the end. It is passed on to the worker, which decides when it has saved what it has to.
    package mutating func signalled(_ signal: ProcessSignal) -> [Action] {
        isStopping = true
        slot.cancelRestart()
        guard slot.processIdentifier != nil else { return [.finish(ProcessExitCode.signal(signal.rawValue))] }
        return [.send(signal)]
    }

    /// Time passed: starts the worker when it is due.
    package mutating func tick(now: UInt64) -> [Action] {
        slot.takeDueStart(now: now) ? [.start] : []
    }

    /// When `tick` has work to do; nil when only events matter.
    package var deadline: UInt64? { slot.deadline }
}
