package import Coordination
import Glibc
package import Transport

/// Runs the coordinator and the workers of this host as child processes, and each worker of another host through an ssh
/// of its own.
///
/// Every process gets its keys through its standard input, before any news: no file, argument or variable has them. A
/// worker ends when that input does: with this process, with its ssh, or with the connection.
package struct SSHLauncher: Launcher {
    /// A worker's host, and its keys.
    package struct Worker: Sendable {
        /// Nil for this host.
        package var host: HostFile.Host?
        package var keys: KeyFile

        package init(host: HostFile.Host?, keys: KeyFile) {
            self.host = host
            self.keys = keys
        }
    }

    package var children = ChildProcesses()
    private let executable: String
    private let environment: [String: String]
    private let ssh: SSHCommand
    private let coordinatorKeys: KeyFile
    private let workers: [Worker]

    /// Processes of this host run `executable` with `environment`.
    package init(
        executable: String, environment: [String: String], ssh: SSHCommand, coordinatorKeys: KeyFile, workers: [Worker]
    ) {
        self.executable = executable
        self.ssh = ssh
        self.coordinatorKeys = coordinatorKeys
        self.workers = workers
        self.environment = environment
    }

    package var remoteHosts: [Int: String] {
        Dictionary(
            uniqueKeysWithValues: workers.enumerated().compactMap { index, worker in
                worker.host.map { (index, $0.description) }
            })
    }

    package mutating func start(_ child: SupervisedChild, arguments: [String]) throws(LaunchError) -> Int32 {
        let keys: KeyFile
        var host: HostFile.Host?
        switch child {
        case .coordinator: keys = coordinatorKeys
        case .worker(let index):
            keys = workers[index].keys
            host = workers[index].host
        }
        let process =
            if let host {
                // What the host's shell prints at its start is no result of this program.
                try ChildProcess.start(
                    executable: SSHCommand.executable, arguments: ssh.arguments(on: host, arguments, isQuiet: true),
                    environment: environment, streams: ChildProcess.Streams(output: STDERR_FILENO),
                    blocksStopSignals: false)
            } else {
                try ChildProcess.start(executable: executable, arguments: arguments, environment: environment)
            }
        let identifier = children.add(process, for: child)
        children.write(keys.pipedText, to: child)
        return identifier
    }

    package func status(of child: SupervisedChild, _ status: ChildStatus) -> ChildStatus {
        guard case .worker(let index) = child, workers[index].host != nil else { return status }
        return SSHCommand.remoteStatus(status)
    }
}
