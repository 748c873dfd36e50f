import ArgumentParser
import Cluster
import Foundation
import Glibc
import Transport

/// Computes for a coordinator.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Compute for a coordinator, which also sends the data.")

    @Option(
        help:
            "Where the coordinator listens: tcp://HOST:PORT or ipc://PATH; by default where a launcher's variables tell."
    )
    var coordinator: String?

    @Option(help: "A name, unique in the run; by default host and process.")
    var name: String?

    @Option(help: "Compute threads; by default all cores.")
    var threads: Int?

    @Option(help: "Folder with the data set, instead of the usual places.", completion: .directory)
    var data: String?

    @Option(
        help:
            "Interface, address or name of this host that other workers connect to; by default on the route to the coordinator."
    )
    var interface: String?

    @Option(help: "Port of that address that other workers connect to, for firewalls; by default a free one.")
    var inboxPort: UInt16?

    @Option(
        help: "Folder for a rescue checkpoint when the coordinator is lost; by default ~/.local/state/selvedge.")
    var state: String?

    @OptionGroup var keyOptions: KeyOptions

    @Flag(name: .shortAndLong, help: "Print only warnings and errors.")
    var quiet = false

    @Option(help: .hidden)
    var announcedSuffix = ""

    @Flag(help: .hidden)
    var supervised = false

    @Flag(help: .hidden)
    var explained = false

    /// The worker is a child of this process, which ends it when a signal suspends it: a launcher on another host would
    /// not notice.
    @Flag(help: .hidden)
    var minded = false

    func validate() throws {
        try WorkerLayout.check(threads: threads)
        guard let inboxPort else { return }
        guard inboxPort != 0 else { throw ValidationError("--inbox-port takes a port from 1 to 65535") }
        guard coordinator?.hasPrefix("tcp://") ?? true else {
            throw ValidationError("--inbox-port needs a coordinator at tcp://HOST:PORT")
        }
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        if minded { return try mind(environment) }
        let coordinator = try coordinator ?? LaunchedJob.coordinatorAddress(environment: environment)
        let ownName = name ?? "\(ProcessInfo.processInfo.hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        defer { if supervised { AbandonedSockets.removeIfSupervisorIsGone(worker: ownName, of: coordinator) } }
        try DataFolder.check(data)
        var settings = WorkerSettings(
            coordinatorAddress: coordinator,
            name: ownName, threadCount: threads ?? Processors.available, environment: environment)
        settings.data = data
        settings.interface = interface
        settings.inboxPort = inboxPort
        if let state { settings.stateFolder = state }
        settings.keys = try keyOptions.read().map { try $0.file.workerKeys(source: $0.source) }
        settings.isInsecure = keyOptions.insecure
        settings.announcedSuffix = announcedSuffix
        settings.isSupervised = supervised
        if keyOptions.insecure {
            Console.error(
                "--insecure: every process that reaches this worker or \(coordinator) can read the data and change the result"
            )
        }
        settings.note = { [name = settings.name] in Console.error("\(name): \($0)") }
        settings.noteSavedState = { [name = settings.name, supervised] path in
            // A worker by hand gives the path as the reason of its end.
            if supervised { Console.error("\(name): its state is in \(path): continue with --resume \(path)") }
        }
        settings.endAtOnce = { [name = settings.name, supervised, coordinator] code, reason in
            if supervised { AbandonedSockets.removeIfSupervisorIsGone(worker: name, of: coordinator) }
            if !supervised && code != 0 { Console.error("\(name): \(reason)") }
            Console.flushErrors(seconds: 1)
            _exit(BatchSystem.exitCode(code, environment: environment))
        }
        // A supervised worker's course is shown by the coordinator.
        let isSilent = supervised || quiet
        if !isSilent { settings.announce = { [name = settings.name] in Console.note("\(name): \($0)") } }
        let end = try WorkerProcess.run(settings)
        // Under a supervisor the coordinator prints why the run ended, and why it lets a worker go.
        if supervised && (!explained || end.isOrdered) && end.code != 0 { throw ExitCode(end.code) }
        guard end.code == 0 else {
            throw ExitStatus(
                BatchSystem.exitCode(end.code, environment: environment), "\(settings.name): \(end.reason)")
        }
        if !isSilent { Console.note("\(settings.name): done: \(end.reason)") }
    }

    /// Starts the same command as a child that has this process's standard input, and ends as it does.
    private func mind(_ environment: [String: String]) throws {
        let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--minded" }
        var keeper = RankKeeper(
            launcher: LocalLauncher(executable: try Executable.path(), environment: environment, inheritsInput: true),
            name: name ?? "the worker", arguments: arguments, restartLimit: 0, note: { _ in })
        throw ExitCode(try keeper.run())
    }
}
