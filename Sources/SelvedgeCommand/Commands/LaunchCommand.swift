import ArgumentParser
import Cluster
import Core
import Foundation
import Transport

/// Starts a training on several hosts.
struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch", abstract: "Train on several hosts, which this one starts.",
        subcommands: [LaunchSSHCommand.self, ReportCommand.self])
}

/// Trains on the hosts of a file: the coordinator here, and a worker over ssh for each slot.
struct LaunchSSHCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh", abstract: "Train on the hosts of a file over ssh, with the coordinator on this host.",
        usage: "selvedge launch ssh HOSTFILE [--ssh COMMAND] [--program PATH] -- EXPERIMENT [train flags]",
        discussion:
            "The file is one of Open MPI, MPICH, Horovod or PBS: `host`, `host slots=2`, `host:2`, `user@host`. Every "
            + "host is asked first. Keys are made for the run and go through ssh. A worker that is lost is started again, one "
            + "whose host cannot be reached as soon as it can. Slots beyond --workers are spares.")

    @Argument(help: "A file with the hosts and their slots.")
    var hostfile: String

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp(
            "What 'selvedge train' takes: an experiment and flags. --coordinator names the address of this host that the "
                + "others reach; by default it is the one from which ssh comes, with a free port.",
            valueName: "train arguments"))
    var training: [String] = []

    @OptionGroup var reach: SSHOptions

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let train = try TrainCommand.parse(training)
        // A mistake in the experiment is reported before any host is asked.
        _ = try train.experiment.resolved(for: train.runOptions)
        let job = try HostJob(
            file: hostfile, ssh: reach.command(), options: train.launchOptions,
            data: train.experiment.namedFolder, environment: environment)
        try train.run(on: job, environment: environment)
    }
}

/// Prints what `launch` asks every host.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report this host to a launcher.", shouldDisplay: false)

    @Option(help: "The coordinator's port on the host from which ssh came.")
    var port: UInt16

    @Option(help: "The coordinator's address, where the user named one.")
    var coordinator: String?

    @Option(help: "Interface of this host that workers of others connect to, where the user named one.")
    var interface: String?

    @Option(help: "A folder that this host may have.")
    var data: String?

    func run() throws {
        let report = HostReport.current(
            coordinator: try coordinator.map { try Endpoint(parsing: $0) }, port: port, interface: interface,
            data: data, environment: ProcessInfo.processInfo.environment)
        Console.result(try report.line)
    }
}
