package import Coordination
import Glibc

/// Starts the processes of a run: what differs between local processes, hosts reached by ssh, and a batch system.
///
/// A launcher does I/O and decides nothing: `SupervisorMachine` decides what is started, notified and ended. To add
/// one, implement this protocol in a file of this folder, and offer it in the command line.
package protocol Launcher {
    /// The processes of this host that run, or stand for processes on other hosts.
    var children: ChildProcesses { get set }

    /// The hosts of workers that run elsewhere, by the worker's index.
    var remoteHosts: [Int: String] { get }

    /// Starts `child` with `arguments` of this program, and returns the process identifier by which the supervisor and
    /// the coordinator know it.
    mutating func start(_ child: SupervisedChild, arguments: [String]) throws(LaunchError) -> Int32

    /// How a child ended, where its process here ended with `status`.
    func status(of child: SupervisedChild, _ status: ChildStatus) -> ChildStatus
}

extension Launcher {
    package var remoteHosts: [Int: String] { [:] }

    package func status(of child: SupervisedChild, _ status: ChildStatus) -> ChildStatus { status }

    /// Writes a line to the child's standard input. A child that no longer reads is not an error.
    package func notify(_ child: SupervisedChild, _ news: SupervisorNews) {
        children.write(news.line + "\n", to: child)
    }

    package func send(_ signal: ProcessSignal, to child: SupervisedChild) {
        children.send(signal, to: child)
    }

    /// The next child that ended or was suspended, or nil. Never waits: the supervisor calls it after each SIGCHLD.
    package mutating func nextChange() -> (child: SupervisedChild, change: ChildChange)? {
        guard let (child, change) = children.nextChange() else { return nil }
        guard case .ended(let status) = change else { return (child, change) }
        return (child, .ended(self.status(of: child, status)))
    }

    /// Closes the standard input of all workers: the run is over.
    package mutating func hangUpWorkers() {
        children.hangUpWorkers()
    }

    /// Kills and collects all children that still run.
    package mutating func endAll() {
        children.endAll()
    }
}

/// What happened to a child.
package enum ChildChange: Equatable, Sendable {
    case ended(ChildStatus)
    /// A signal suspended it.
    case stopped
}

/// Why processes could not be started or supervised.
package enum LaunchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed: what was tried, and the error number.
    case system(String, Int32)
    /// What has to run beside the processes could not be set up, for the reason in the text.
    case preparation(String)

    package var description: String {
        switch self {
        case .preparation(let text): text
        case .system(let action, let number): "cannot \(action): \(String(cString: strerror(number)))"
        }
    }
}
