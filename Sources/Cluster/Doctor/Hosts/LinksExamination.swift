import Core
import Transport

/// Examines the link between every two hosts: a doctor listens on one of them, and that of the other one calls it.
///
/// Both get their keys, which are made for this examination, through their standard input.
struct LinksExamination {
    /// A host that ssh reaches, or this one.
    struct Participant {
        var host: HostFile.Host
        var isHere: Bool
        /// Whether workers run there, to which others connect. Without them a host has the coordinator alone.
        var hasWorkers: Bool
        /// Where its doctor listens.
        var listening: Endpoint
        /// Where it reaches this host.
        var coordinator: Endpoint
    }

    private let participants: [Participant]
    private let program: HostProcess.Program
    /// Of the callers.
    private let arguments: [String]
    private let experiment: String
    private let listenerKeys: [KeyFile]
    private let callerKeys: [[KeyFile]]

    private static let startSeconds = SSHCommand.connectSeconds + 20
    private static let linkSeconds = 90
    /// A round of links, with the start of its doctors.
    static let usualRoundSeconds = 4

    /// The first participant is this host. `arguments` are those of the calling doctors besides the addresses; they
    /// read the `experiment` after their keys.
    init(
        _ participants: [Participant], _ program: HostProcess.Program, arguments: [String], experiment: String
    ) throws {
        self.participants = participants
        self.program = program
        self.arguments = arguments
        self.experiment = experiment
        let (listeners, callers) = (
            try participants.map { _ in try KeyPair() }, try participants.map { _ in try KeyPair() }
        )
        listenerKeys = listeners.map { KeyFile(owner: .coordinator, pair: $0, others: callers.map(\.publicKey)) }
        callerKeys = callers.map { caller in
            listeners.map { KeyFile(owner: .worker, pair: caller, others: [$0.publicKey]) }
        }
    }

    /// Calls `show` with the findings of each link.
    func examine(_ show: ([Finding]) -> Void) throws(LaunchError) {
        let listeners = try startListeners()
        // They end with their objects.
        defer { withExtendedLifetime(listeners) {} }
        let ports = listeners.map { listener -> UInt16? in
            guard let text = listener.line(after: "Listening on "), let address = try? Endpoint(parsing: text),
                case .tcp(_, let port) = address
            else { return nil }
            return port
        }
        for (listener, port) in zip(listeners, ports) where port == nil {
            show([Self.failure(of: listener, subject: listener.host.description, seconds: Self.startSeconds)])
        }
        for round in LinkRounds(count: participants.count).rounds {
            var calls: [(process: HostProcess, subject: String, target: String, listener: Participant)] = []
            for (first, second) in round {
                guard let port = ports[first] else { continue }
                let (listener, caller) = (participants[first], participants[second])
                let target = Self.target(listener, port: port, caller)
                let process = try HostProcess(
                    program, on: caller.host, isHere: caller.isHere,
                    arguments: ["doctor", "--connect", target] + arguments + ["--piped-keys", "--piped-experiment"],
                    input: callerKeys[second][first].pipedText + experiment)
                calls.append((process, "\(caller.host) to \(listener.host)", target, listener))
            }
            HostProcess.wait(for: calls.map(\.process), milliseconds: Self.linkSeconds * 1000)
            for call in calls {
                guard let report = DoctorReport(output: call.process.output) else {
                    show([Self.failure(of: call.process, subject: call.subject, seconds: Self.linkSeconds)])
                    continue
                }
                show(Self.findings(report, subject: call.subject, listenerHasWorkers: call.listener.hasWorkers))
            }
        }
    }

    /// Starts a listening doctor on every host but the last, which calls all others.
    private func startListeners() throws(LaunchError) -> [HostProcess] {
        var listeners: [HostProcess] = []
        for (participant, keys) in zip(participants, listenerKeys).dropLast() {
            listeners.append(
                try HostProcess(
                    program, on: participant.host, isHere: participant.isHere,
                    arguments: [
                        "doctor", "--listen", participant.listening.description, "--piped-keys", "--link-only",
                    ], input: keys.pipedText, keepsInput: true))
        }
        HostProcess.wait(for: listeners, milliseconds: Self.startSeconds * 1000) {
            $0.line(after: "Listening on ") != nil
        }
        return listeners
    }

    /// Where a host reaches the doctor of another one.
    private static func target(_ listener: Participant, port: UInt16, _ caller: Participant) -> String {
        let known = listener.isHere ? caller.coordinator : listener.listening
        guard case .tcp(let host, _) = known else { preconditionFailure("hosts reach each other by TCP") }
        return Endpoint.tcp(host: host, port: port).description
    }

    /// What is new in a link's report: the hosts themselves were compared before, and no worker connects to a host
    /// without workers.
    static func findings(_ report: DoctorReport, subject: String, listenerHasWorkers: Bool) -> [Finding] {
        report.findings.compactMap { finding in
            let isCompared = [ProgramCheck.name, DataCheck.name].contains(finding.check)
            guard !isCompared || finding.verdict.severity == .error,
                listenerHasWorkers || finding.check != LinkChecks.wayBackName
            else { return nil }
            return Finding(check: finding.check, subject: subject, verdict: finding.verdict)
        }
    }

    /// That of a doctor that has printed no report.
    static func failure(of process: HostProcess, subject: String, seconds: Int) -> Finding {
        HostObstacle(of: process, seconds: seconds).finding(of: subject)
    }
}

extension HostObstacle {
    func finding(of subject: String) -> Finding {
        Finding(check: check, subject: subject, verdict: .error(finding, remedy: remedy, exitCode: exitCode))
    }
}

/// The pairs of a number of hosts in rounds, so that each host is in one pair of a round at most: measurements at the
/// same time then do not measure each other.
struct LinkRounds: Sendable {
    /// The first of a pair is the smaller.
    private(set) var rounds: [[(Int, Int)]] = []

    /// Of `count` hosts: every pair once. One host keeps its place, and the others go around it.
    init(count: Int) {
        let placeCount = count + count % 2
        guard placeCount > 1 else { return }
        for round in 0..<placeCount - 1 {
            let circle = [0] + (0..<placeCount - 1).map { 1 + ($0 + round) % (placeCount - 1) }
            let pairs = (0..<placeCount / 2).map { index in
                let (one, other) = (circle[index], circle[placeCount - 1 - index])
                return (min(one, other), max(one, other))
            }
            // An odd number of hosts has a place for one that rests.
            rounds.append(pairs.filter { $0.1 < count })
        }
    }
}
