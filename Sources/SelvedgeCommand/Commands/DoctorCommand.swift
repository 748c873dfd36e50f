import ArgumentParser
import Cluster
import Core
import Experiments
import Foundation
import Runs
import Transport

/// Looks for what would stop or slow a training: on this host or all hosts of a file, and on the way between them.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Check this host, the hosts of a file, or the way to a coordinator, and say what to do about each problem.",
        discussion:
            "With a host file every host is checked over ssh, as 'selvedge launch ssh' reaches it, and then the link between every "
            + "two of them. Exit code: 0 without an error, or else the code with which a training would end. Warnings do not count."
    )

    @Argument(
        help: ArgumentHelp(
            "A file with hosts, as 'selvedge launch ssh' takes it: check each of them, whether they have the same program and data, "
                + "and the links between them.", valueName: "hostfile"),
        completion: .file())
    var hostfile: String?

    @OptionGroup var reach: SSHOptions

    @Option(
        help: ArgumentHelp(
            "Check the way to the coordinator that listens at tcp://HOST:PORT or ipc://PATH; its run goes on undisturbed. With a "
                + "host file: the address of this host that the others reach, where nothing listens yet.",
            valueName: "address"))
    var coordinator: String?

    @Option(
        help:
            "Answer the doctors of other hosts at tcp://HOST:PORT, as a coordinator's host would, until it is interrupted."
    )
    var listen: String?

    @Option(help: "Check the way to a doctor that listens at tcp://HOST:PORT, in both directions, and measure it.")
    var connect: String?

    @Option(
        help: "Interface, address or name of this host to which the other one connects; by default on the route to it.")
    var interface: String?

    @Option(help: "Port of that address, which workers will have as --inbox-port; by default a free one.")
    var inboxPort: UInt16 = 0

    @OptionGroup var keyOptions: KeyOptions

    @Option(help: "The experiment whose data and checkpoints are expected: a shipped name or a YAML file.")
    var experiment = "A-1"

    @Option(help: "Folder with the data set, the only one that is searched, or 'synthetic' for generated images.")
    var data: String?

    @Option(name: .customLong("run"), help: "Folder in which run directories will be.")
    var runFolder = "runs"

    @Flag(help: "Print the findings as JSON on standard output.")
    var json = false

    /// The hosts were checked before.
    @Flag(help: .hidden)
    var linkOnly = false

    /// What follows on standard input, after piped keys, is the text of the experiment.
    @Flag(help: .hidden)
    var pipedExperiment = false

    func validate() throws {
        if hostfile != nil {
            guard listen == nil, connect == nil, inboxPort == 0 else {
                throw ValidationError("--listen, --connect and --inbox-port check without a host file")
            }
            guard keyOptions.keyFile == nil, keyOptions.keyFd == nil, !keyOptions.insecure else {
                throw ValidationError("a host file needs no keys: they are made, and go through ssh")
            }
            return
        }
        guard [coordinator, listen, connect].count(where: { $0 != nil }) <= 1 else {
            throw ValidationError("give one of --coordinator, --listen and --connect")
        }
        guard connect != nil || (interface == nil && inboxPort == 0) else {
            throw ValidationError("--interface and --inbox-port need --connect")
        }
        guard listen == nil || !json else { throw ValidationError("--json is for the side that gives --connect") }
    }

    func run() throws {
        // The experiment is a flag here, and means what the argument of other commands means.
        let options = try ExperimentOptions.parse([experiment] + flag("data", data))
        let keys = try keyOptions.read()
        let resolved = try pipedExperiment ? Self.experimentOnInput() : options.resolved()
        let dataFolder = pipedExperiment ? data : options.dataFolder(of: resolved)
        var report = DoctorReport()
        if let hostfile {
            try examine(HostFile(path: hostfile).entries.map(\.host), resolved, data: dataFolder) {
                add($0, to: &report)
            }
            return try finish(report)
        }
        let host = ExaminedHost(
            environment: ProcessInfo.processInfo.environment, runFolder: runFolder, experiment: resolved,
            dataFolder: dataFolder)
        if let listen {
            try answer(at: listen, keys: keys.map { try $0.file.coordinatorKeys(source: $0.source) }, host)
        }
        let link = try link(from: host, keys: keys.map { try $0.file.workerKeys(source: $0.source) })
        if !linkOnly {
            let (findings, identity) = host.examine()
            report.identity = identity
            add(findings, to: &report)
        }
        if let link { add(try link.examine(dataDigest: report.identity?.dataDigest), to: &report) }
        try finish(report)
    }

    /// The text up to the end of standard input, which a doctor on another host has written.
    private static func experimentOnInput() throws -> Experiment {
        let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        return try Experiment(yaml: text, source: "the doctor's pipe")
    }

    private func examine(
        _ hosts: [HostFile.Host], _ experiment: Experiment, data: String?, _ show: ([Finding]) -> Void
    ) throws {
        let training = HostsExamination.Training(
            experiment: experiment.canonicalForm, data: data.map(absolutePath), runFolder: runFolder,
            coordinator: try SSHOptions.ownAddress(coordinator.map { try Endpoint(parsing: $0) }),
            interface: interface)
        try HostsExamination(
            hosts, training, ssh: reach.command(), executable: Executable.path(),
            environment: ProcessInfo.processInfo.environment
        ).examine(show, note: Console.note)
    }

    private func answer(at address: String, keys: CoordinatorKeys?, _ host: ExaminedHost) throws -> Never {
        let listener = try PairListener(
            at: address, keys: keys, isInsecure: keyOptions.insecure, data: linkOnly ? nil : host.dataDigest,
            isSupervised: keyOptions.pipedKeys, note: Console.note)
        Console.note("Listening on \(listener.address)")
        throw ExitCode(try listener.run().map(ProcessExitCode.signal) ?? ProcessExitCode.success)
    }

    private func link(from host: ExaminedHost, keys: WorkerKeys?) throws -> LinkExamination? {
        let peer =
            connect == nil
            ? LinkExamination.Peer.coordinator
            : .doctor(interface: interface, port: inboxPort, isExpected: linkOnly)
        return try (coordinator ?? connect).map { address in
            try LinkExamination(address: address, of: peer, from: host, keys: keys, isInsecure: keyOptions.insecure)
        }
    }

    /// Shows findings at once: those of a link take seconds.
    private func add(_ findings: [Finding], to report: inout DoctorReport) {
        report.append(findings)
        guard !json else { return }
        var part = DoctorReport()
        part.append(findings)
        for subject in part.subjects {
            Console.result("\(subject):")
            for line in part.lines(of: subject) { Console.result("  \(line)") }
        }
    }

    private func finish(_ report: DoctorReport) throws {
        if json {
            Console.result(
                JSONResult.text(
                    "doctor", [("host", JSONText.string(ExaminedHost.name))], object: try JSONResult.object(report)))
        }
        let counts = [(report.count(.error), "error"), (report.count(.warning), "warning")]
            .filter { $0.0 > 0 }.map { Figures.counted($0.0, $0.1) }
        let summary =
            "\(Figures.counted(report.findings.count, "check")): "
            + (counts.isEmpty ? "nothing to do" : counts.joined(separator: ", "))
        guard report.exitCode == 0 else { throw ExitStatus(report.exitCode, summary) }
        if !json { Console.note(summary) }
    }
}
