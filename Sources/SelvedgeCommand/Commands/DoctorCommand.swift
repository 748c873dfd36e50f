import ArgumentParser
import Cluster
import Core
import Foundation
import Runs
import Transport

/// Looks for what would stop or slow a training: on this host, and on the way to a coordinator.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this host, or the way to a coordinator, and say what to do about each problem.",
        discussion:
            "Exit code: 0 without an error, or else the code with which a training would end. Warnings do not count.")

    @Option(
        help:
            "Check the way to the coordinator that listens at tcp://HOST:PORT or ipc://PATH; its run goes on undisturbed."
    )
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

    func validate() throws {
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
        let resolved = try options.resolved()
        let host = ExaminedHost(
            environment: ProcessInfo.processInfo.environment, runFolder: runFolder, experiment: resolved,
            dataFolder: options.dataFolder(of: resolved))
        let keys = try keyOptions.read()
        if let listen {
            try answer(at: listen, keys: keys.map { try $0.file.coordinatorKeys(source: $0.source) }, host)
        }
        let link = try link(from: host, keys: keys.map { try $0.file.workerKeys(source: $0.source) })
        var report = DoctorReport()
        let (findings, dataDigest) = host.examine()
        add(findings, to: &report)
        if let link { add(try link.examine(dataDigest: dataDigest), to: &report) }
        try finish(report)
    }

    private func answer(at address: String, keys: CoordinatorKeys?, _ host: ExaminedHost) throws -> Never {
        let listener = try PairListener(
            at: address, keys: keys, isInsecure: keyOptions.insecure, data: host.dataDigest, note: Console.note)
        Console.note("Listening on \(listener.address)")
        throw ExitCode(ProcessExitCode.signal(try listener.run()))
    }

    private func link(from host: ExaminedHost, keys: WorkerKeys?) throws -> LinkExamination? {
        let peer = connect == nil ? LinkExamination.Peer.coordinator : .doctor(interface: interface, port: inboxPort)
        return try (coordinator ?? connect).map { address in
            try LinkExamination(address: address, of: peer, from: host, keys: keys, isInsecure: keyOptions.insecure)
        }
    }

    /// Shows findings at once: those of a link take seconds.
    private func add(_ findings: [Finding], to report: inout DoctorReport) {
        report.append(findings)
        guard !json, let subject = findings.first?.subject else { return }
        Console.result("\(subject):")
        for line in report.lines(of: subject) { Console.result("  \(line)") }
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
