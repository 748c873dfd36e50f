import Core
import Foundation
import Glibc
import Training
package import Transport

/// What another host reports of itself before workers are started there: one line on its standard output.
package struct HostReport: Codable, Sendable, Equatable {
    /// Of the program there.
    var version: String
    var arithmetic: Int
    package var processors: Int
    /// Where workers of that host reach the coordinator; nil where it cannot tell.
    var coordinator: String?
    /// Where other workers reach those of that host; nil where it cannot tell.
    var address: String?
    /// Why that address cannot be reached; nil where it can.
    var problem: String?
    /// Whether it has the folder of the data.
    package var hasData: Bool

    package var endpoint: Endpoint? { coordinator.flatMap { try? Endpoint(parsing: $0) } }

    private static let prefix = "selvedge-host-report "
    /// How long a connection to the coordinator's port may take.
    private static let connectMilliseconds = 5000

    /// This host's report. The coordinator is at `coordinator`, or else at `port` of the host from which ssh came;
    /// workers are reached at `interface`, or else at the address of the route to it.
    package static func current(
        coordinator: Endpoint?, port: UInt16, interface: String? = nil, data: String?, environment: [String: String]
    ) -> HostReport {
        let client = environment["SSH_CONNECTION"]?.split(separator: " ").first.map(String.init)
        let endpoint = coordinator ?? client.map { .tcp(host: $0, port: port) }
        var report = HostReport(
            version: Build.version, arithmetic: Int(Arithmetic.version), processors: Processors.available,
            coordinator: endpoint?.description, hasData: data.map { access("\($0)/.", R_OK) == 0 } ?? true)
        if case .tcp(let host, let port)? = endpoint {
            report.address = try? NetworkAddresses.inbox(interface: interface, coordinator: host, port: port)
            report.problem = TCPReach.attempt(host: host, port: port, timeoutMilliseconds: connectMilliseconds).problem
        }
        return report
    }

    package var line: String {
        get throws { Self.prefix + String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    /// The report among the lines of an output, which may begin with greetings of the host; nil where there is none.
    init?(output: String) {
        let line = output.split(whereSeparator: \.isNewline).last { $0.hasPrefix(Self.prefix) }
        guard let line,
            let report = try? JSONDecoder().decode(Self.self, from: Data(line.dropFirst(Self.prefix.count).utf8))
        else { return nil }
        self = report
    }

    init(version: String, arithmetic: Int, processors: Int, coordinator: String?, hasData: Bool) {
        self.version = version
        self.arithmetic = arithmetic
        self.processors = processors
        self.coordinator = coordinator
        self.hasData = hasData
    }

    /// Why no worker can run there; nil where it can.
    var obstacle: HostObstacle? {
        guard version == Build.version, arithmetic == Int(Arithmetic.version) else {
            return HostObstacle(
                check: ProgramCheck.name,
                finding: "it has release \(escaped(version, limit: 40)) (arithmetic \(arithmetic)), this host has "
                    + "\(Build.version) (\(Arithmetic.version))",
                remedy: "install the same release there", exitCode: ProcessExitCode.usage)
        }
        guard processors > 0 else {
            return HostObstacle(
                check: CoreCheck.name, finding: "it reports \(processors) processors",
                remedy: "look at the limits of its control group", exitCode: ProcessExitCode.unreachable)
        }
        guard let endpoint else {
            return HostObstacle(
                check: HostObstacle.coordinatorCheck, finding: "it cannot tell this host's address",
                remedy: "name it with -- --coordinator tcp://HOST:PORT", exitCode: ProcessExitCode.unreachable)
        }
        return problem.map {
            HostObstacle(
                check: HostObstacle.coordinatorCheck, finding: "it cannot reach \(endpoint): \(escaped($0))",
                remedy: "let the port through the firewall, or name another address of this host with -- --coordinator "
                    + "tcp://HOST:PORT", exitCode: ProcessExitCode.unreachable)
        }
    }
}

/// Why no worker can run on a host, and what to do.
package struct HostObstacle: Sendable, Equatable, CustomStringConvertible {
    /// What was looked at, as the doctor names it.
    let check: String
    let finding: String
    let remedy: String
    /// With which a training would end.
    let exitCode: Int32

    static let coordinatorCheck = "coordinator"
    static let connectionCheck = "ssh"

    package var description: String { "\(finding): \(remedy)" }
}
