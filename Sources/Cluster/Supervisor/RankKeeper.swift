import Coordination
import Core
import Glibc

/// Keeps the worker of one rank of a launched job running, as `RankMachine` decides.
package struct RankKeeper {
    private var launcher: any Launcher
    private let name: String
    private let arguments: [String]
    private let restartLimit: Int
    private let note: (String) -> Void
    /// Called once signals are blocked: threads that start here inherit that.
    package var prepare: () -> Void = {}

    /// `arguments` start the worker `name`. `note` shows a line to the user.
    package init(
        launcher: any Launcher, name: String, arguments: [String], restartLimit: Int, note: @escaping (String) -> Void
    ) {
        self.launcher = launcher
        self.name = name
        self.arguments = arguments
        self.restartLimit = restartLimit
        self.note = note
    }

    /// Runs until the worker has ended for good, and returns the exit code. Call it on the main thread, before any
    /// other thread starts: signals are taken synchronously.
    package mutating func run() throws(LaunchError) -> Int32 {
        let signals = SignalWait(signals: [SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1])
        prepare()
        var machine = RankMachine(name: name, restartLimit: restartLimit)
        defer { launcher.endAll() }
        var actions = machine.begin()[...]
        while true {
            while let action = actions.popFirst() {
                switch action {
                case .start: actions += start(&machine)
                case .send(let signal): launcher.send(signal, to: .worker(0))
                case .note(let text): note(text)
                case .finish(let code): return code
                }
            }
            let pause = machine.deadline.map { Int($0 - min($0, now)) }
            switch signals.next(timeoutMilliseconds: pause) {
            case nil: break
            case SIGCHLD:
                while let (_, change) = launcher.nextChange() {
                    switch change {
                    case .stopped: actions += machine.stopped()
                    case .ended(let status): actions += machine.ended(status, now: now)
                    }
                }
            case let signal?: actions += machine.signalled(ProcessSignal(rawValue: signal))
            }
            actions += machine.tick(now: now)
        }
    }

    private var now: UInt64 { MonotonicTime.now.milliseconds }

    private mutating func start(_ machine: inout RankMachine) -> [RankMachine.Action] {
        do throws(LaunchError) {
            machine.started(try launcher.start(.worker(0), arguments: arguments))
            return []
        } catch {
            return machine.startFailed(" did not start: \(error)", now: now)
        }
    }
}
