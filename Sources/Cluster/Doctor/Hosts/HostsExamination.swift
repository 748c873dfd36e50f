import Core
import Transport

/// Runs the doctor on every host of a host file, compares what it finds, and examines the links between the hosts.
package struct HostsExamination {
    /// What a training over the hosts would use.
    package struct Training {
        /// The experiment's text.
        package var experiment: String
        /// An absolute path of the folder with the data, for this host and for those that have it; nil searches the
        /// usual places.
        package var data: String?
        /// The folder of runs on this host.
        package var runFolder: String
        /// As `HostSurvey.Question` has them.
        package var coordinator: (host: String?, port: UInt16)
        package var interface: String?

        package init(
            experiment: String, data: String?, runFolder: String, coordinator: (host: String?, port: UInt16),
            interface: String?
        ) {
            self.experiment = experiment
            self.data = data
            self.runFolder = runFolder
            self.coordinator = coordinator
            self.interface = interface
        }
    }

    private let hosts: [HostFile.Host]
    private let training: Training
    private let program: HostProcess.Program

    /// `executable` is this program on this host.
    package init(
        _ hosts: [HostFile.Host], _ training: Training, ssh: SSHCommand, executable: String,
        environment: [String: String]
    ) {
        self.hosts = hosts
        self.training = training
        program = HostProcess.Program(ssh: ssh, executable: executable, environment: environment)
    }

    /// Examinations of hosts at a time.
    private static let concurrency = 32
    private static let hostSeconds = 90

    /// Calls `show` with the findings of each host, of all together and of each link, as soon as they are there; `note`
    /// shows a line to the user. Takes some seconds, and about four for each round of links.
    ///
    /// - Throws: a port that is taken, or a process that cannot be started.
    package func examine(_ show: ([Finding]) -> Void, note: (String) -> Void) throws {
        let survey = try HostSurvey(
            hosts, program.ssh,
            HostSurvey.Question(
                coordinator: training.coordinator, interface: training.interface, data: training.data),
            environment: program.environment)
        let accounts = hosts.map { Account($0, survey) }
        let isInFile = accounts.contains { $0.isHere }
        let here = Account(here: HostFile.Host(name: HostName.current), survey)
        // The coordinator's host is the first, whether it has workers or not.
        let all = (isInFile ? [] : [here]) + accounts.filter(\.isHere) + accounts.filter { !$0.isHere }
        let identities = try examineHosts(all, show)
        // They are compared with the coordinator's.
        if identities.first?.name == all.first?.host.description { show(HostsComparison(identities).findings) }
        try examineLinks(all, isInFile: isInFile, show, note)
    }

    /// One host, and what it has answered.
    private struct Account {
        let host: HostFile.Host
        let isHere: Bool
        let obstacle: HostObstacle?
        /// Nil for this host, and for one that has not answered.
        let report: HostReport?
        let coordinator: Endpoint?

        init(here host: HostFile.Host, _ survey: HostSurvey) {
            (self.host, isHere, obstacle, report) = (host, true, nil, nil)
            coordinator = survey.ownEndpoint
        }

        /// A host of the survey.
        init(_ host: HostFile.Host, _ survey: HostSurvey) {
            self.host = host
            let answer = survey.answers[host]
            isHere = answer == nil
            switch answer {
            case nil: (obstacle, report, coordinator) = (nil, nil, survey.ownEndpoint)
            case .report(let report)?: (obstacle, self.report, coordinator) = (nil, report, report.endpoint)
            case .problem(let obstacle, let report)?:
                (self.obstacle, self.report, coordinator) = (obstacle, report, report?.endpoint)
            }
        }

        /// Whether its doctor can be asked: the program answers there, and is of this release.
        var isExaminable: Bool {
            isHere || report != nil && (obstacle == nil || obstacle?.check == HostObstacle.coordinatorCheck)
        }

        /// What the attempt to reach it has shown.
        var findings: [Finding] {
            let subject = host.description
            let connection = Finding(
                check: HostObstacle.connectionCheck, subject: subject,
                verdict: .good("connected without a question"))
            if let obstacle {
                return (report == nil ? [] : [connection]) + [obstacle.finding(of: subject)]
            }
            guard !isHere, let coordinator else { return [] }
            return [
                connection,
                Finding(
                    check: HostObstacle.coordinatorCheck, subject: subject,
                    verdict: .good("it reaches this host at \(coordinator)")),
            ]
        }
    }

    // MARK: Hosts

    /// The identities of those that were examined.
    private func examineHosts(
        _ accounts: [Account], _ show: ([Finding]) -> Void
    ) throws -> [(name: String, identity: HostIdentity)] {
        var identities: [(name: String, identity: HostIdentity)] = []
        var rest = accounts[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.concurrency)
            rest = rest.dropFirst(group.count)
            let doctors = try group.map { account -> HostProcess? in
                try account.isExaminable ? startDoctor(account) : nil
            }
            HostProcess.wait(for: doctors.compactMap(\.self), milliseconds: Self.hostSeconds * 1000)
            for (account, doctor) in zip(group, doctors) {
                let subject = account.host.description
                guard let doctor else {
                    show(account.findings)
                    continue
                }
                guard let report = DoctorReport(output: doctor.output) else {
                    let failure = LinksExamination.failure(of: doctor, subject: subject, seconds: Self.hostSeconds)
                    show(account.findings + [failure])
                    continue
                }
                let own = Self.findings(report, subject: subject, hasCoordinator: account.isHere)
                show(account.findings + own)
                if let identity = report.identity { identities.append((subject, identity)) }
            }
        }
        return identities
    }

    private func startDoctor(_ account: Account) throws -> HostProcess {
        let hasData = account.report?.hasData ?? true
        return try HostProcess(
            program, on: account.host, isHere: account.isHere,
            arguments: ["doctor", "--json", "--piped-experiment"]
                + (account.isHere ? ["--run", training.runFolder] : [])
                + (hasData ? training.data.map { ["--data", $0] } ?? [] : []),
            input: training.experiment)
    }

    /// Of a host's own report what counts for its part: runs and their data are the coordinator's, from which workers
    /// without data receive them.
    static func findings(_ report: DoctorReport, subject: String, hasCoordinator: Bool) -> [Finding] {
        let ofRuns = [LockCheck.name, DiskSpaceCheck.name]
        return report.findings.compactMap { finding in
            let isMissingData = finding.check == DataCheck.name && finding.verdict.severity == .warning
            guard hasCoordinator || !(isMissingData || ofRuns.contains(finding.check)) else { return nil }
            return Finding(check: finding.check, subject: subject, verdict: finding.verdict)
        }
    }

    // MARK: Links

    private func examineLinks(
        _ accounts: [Account], isInFile: Bool, _ show: ([Finding]) -> Void, _ note: (String) -> Void
    ) throws {
        let sees6 = accounts.contains { $0.coordinator?.description.contains("[") ?? false }
        var participants: [LinksExamination.Participant] = []
        for account in accounts {
            // Two names of this host have no link between them.
            guard let coordinator = account.coordinator, account.isExaminable,
                !account.isHere || participants.isEmpty
            else { continue }
            let listening: Endpoint
            if account.isHere {
                listening = .tcp(host: sees6 ? "::" : "0.0.0.0", port: training.coordinator.port)
            } else {
                guard let address = account.report?.address else { continue }
                listening = .tcp(host: address, port: 0)
            }
            participants.append(
                LinksExamination.Participant(
                    host: account.host, isHere: account.isHere, hasWorkers: !account.isHere || isInFile,
                    listening: listening, coordinator: coordinator))
        }
        guard participants.count > 1 else { return }
        let linkCount = participants.count * (participants.count - 1) / 2
        let seconds = LinkRounds(count: participants.count).rounds.count * LinksExamination.usualRoundSeconds
        note("measuring \(linkCount) \(linkCount == 1 ? "link" : "links"), which takes about \(seconds) s")
        let arguments = ["--json", "--link-only"] + (training.interface.map { ["--interface", $0] } ?? [])
        try LinksExamination(participants, program, arguments: arguments, experiment: training.experiment)
            .examine(show)
    }
}
