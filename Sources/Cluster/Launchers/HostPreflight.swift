import Core
package import Transport

/// Asks hosts for their reports before anything is started there, many at a time.
package struct HostPreflight {
    package enum Answer: Sendable, Equatable {
        case report(HostReport)
        /// Why no worker can run there, and the report if the host has sent one.
        case problem(HostObstacle, HostReport?)
    }

    /// Connections at a time.
    private static let concurrency = 32
    /// For connecting, starting the program, and its own attempt to connect.
    private static let seconds = SSHCommand.connectSeconds + 20

    private let program: HostProcess.Program
    private let arguments: [String]

    /// `arguments` make this program print its report on a host.
    package init(_ ssh: SSHCommand, arguments: [String], environment: [String: String]) {
        program = HostProcess.Program(ssh: ssh, executable: "", environment: environment)
        self.arguments = arguments
    }

    /// The answer of each host.
    package func ask(_ hosts: [HostFile.Host]) throws(LaunchError) -> [HostFile.Host: Answer] {
        var answers: [HostFile.Host: Answer] = [:]
        var rest = hosts[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.concurrency)
            rest = rest.dropFirst(group.count)
            var processes: [HostProcess] = []
            for host in group {
                processes.append(try HostProcess(program, on: host, isHere: false, arguments: arguments))
            }
            HostProcess.wait(for: processes, milliseconds: Self.seconds * 1000)
            for process in processes { answers[process.host] = Self.answer(process) }
        }
        return answers
    }

    private static func answer(_ process: HostProcess) -> Answer {
        if let report = HostReport(output: process.output) {
            return report.obstacle.map { .problem($0, report) } ?? .report(report)
        }
        return .problem(HostObstacle(of: process, seconds: seconds), nil)
    }
}

extension HostObstacle {
    /// That of a process on another host that has not printed what it was asked for within some seconds.
    init(of process: HostProcess, seconds: Int) {
        self.init(
            check: Self.connectionCheck,
            finding: process.lastLine ?? (process.hasEnded ? "no answer" : "no answer within \(seconds) s"),
            remedy: SSHCommand.advice(on: process.output, host: process.host),
            exitCode: ProcessExitCode.unreachable)
    }
}

/// The hosts of a file with the answers of the others, and where each of them reaches this one.
package struct HostSurvey {
    /// Those that are this host.
    package let local: Set<HostFile.Host>
    /// Of the others.
    package let answers: [HostFile.Host: HostPreflight.Answer]
    /// Where processes of this host reach the coordinator on it.
    package let ownEndpoint: Endpoint

    /// What the hosts are asked.
    package struct Question {
        /// The address of this host that the user names: the host of nil is the one from which ssh comes, the port 0
        /// a free one.
        package var coordinator: (host: String?, port: UInt16)
        /// The interface for the inboxes of workers; nil for that of the route.
        package var interface: String?
        /// An absolute path that the hosts may have.
        package var data: String?

        package init(coordinator: (host: String?, port: UInt16), interface: String?, data: String?) {
            self.coordinator = coordinator
            self.interface = interface
            self.data = data
        }
    }

    /// Asks every host that is not this one. The port listens until they have answered.
    ///
    /// - Throws: a port that is taken, or a process that cannot be started.
    package init(
        _ hosts: [HostFile.Host], _ ssh: SSHCommand, _ question: Question, environment: [String: String]
    ) throws {
        let port = try ListeningPort(ofAllAddresses: question.coordinator.port)
        let address = question.coordinator.host.map { Endpoint.tcp(host: $0, port: port.number) }
        let values = [
            ("coordinator", address?.description), ("interface", question.interface), ("data", question.data),
        ]
        let preflight = HostPreflight(
            ssh,
            arguments: ["launch", "report", "--port", String(port.number)]
                + values.flatMap { name, value in value.map { ["--\(name)", $0] } ?? [] },
            environment: environment)
        let local = Set(hosts.filter(\.isThisHost))
        let answers = try preflight.ask(hosts.filter { !local.contains($0) })
        let seen = hosts.lazy.compactMap { host -> Endpoint? in
            guard case .report(let report)? = answers[host] else { return nil }
            return report.endpoint
        }.first
        self.local = local
        self.answers = answers
        ownEndpoint = address ?? seen ?? .tcp(host: "127.0.0.1", port: port.number)
    }
}
