import ArgumentParser
import Cluster
import Core
import Foundation
import Transport

/// How processes that a launcher started find each other.
struct LaunchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Under a launcher: an address of rank 0 that all hosts reach, tcp://HOST:PORT. By default the one that the launcher's "
                + "variables give, or a socket file where all ranks are on one host."))
    var coordinator: String?

    @Option(
        help: ArgumentHelp(
            "Under a launcher with several hosts: the key files NAME.coordinator and NAME.worker, which 'selvedge keys new NAME' "
                + "wrote. By default rank 0 makes keys beside the run directory.", valueName: "name"))
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "Under a launcher with several hosts: interface of each host that workers of others connect to; by default that on the "
                + "route to rank 0.", valueName: "name"))
    var interface: String?

    /// The address that the user gave.
    func endpoint() throws -> Endpoint? {
        try coordinator.map { try Endpoint(parsing: $0) }
    }
}

/// A job of several processes that a launcher started: rank 0 hosts the coordinator, and each rank is one worker.
struct LaunchedJob: WorkerPlacement {
    private let place: LaunchPlace
    private let meeting: LaunchMeeting
    /// Nil where the user gave keys, or none are needed.
    private let sharedKeys: SharedKeys?
    /// Nil where none are needed.
    private let keyFiles: (coordinator: String, worker: String)?
    private let interface: String?
    /// The run directory where the command line or the job's name gives it.
    private let run: String?

    /// Nil without a launcher, and for a job of one process, which trains as without one. Shows what was found.
    init?(_ options: LaunchOptions, _ runOptions: RunOptions, environment: [String: String]) throws {
        guard let place = try LaunchPlace.detected(in: environment) else {
            guard [options.coordinator, options.keyFile, options.interface].allSatisfy({ $0 == nil }) else {
                throw Self.noLauncher
            }
            return nil
        }
        Console.note("Launched by \(place.summary)")
        guard place.size.value > 1 else { return nil }
        self.place = place
        meeting = try LaunchMeeting(place, coordinator: options.endpoint(), environment: environment)
        interface = options.interface
        run = runOptions.run
        let shared = SharedKeys(folder: runOptions.parentFolder, start: place.start ?? meeting.address.description)
        if !meeting.needsKeys {
            sharedKeys = nil
            keyFiles = nil
        } else if let name = options.keyFile {
            sharedKeys = nil
            keyFiles = ("\(name).coordinator", "\(name).worker")
        } else {
            sharedKeys = shared
            keyFiles = (shared.coordinatorFile, shared.workerFile)
        }
    }

    private static let noLauncher = ExitStatus(
        ProcessExitCode.usage,
        "--coordinator, --key-file and --interface of 'train' are for processes that a launcher started, and no variable of one is set: "
            + "use 'selvedge coordinator' and 'selvedge worker', or set SELVEDGE_RANK and SELVEDGE_SIZE")

    static let noFaults = ExitStatus(
        ProcessExitCode.usage,
        "--fault, --fault-plan and --faults are for the processes of one host: train without the launcher")

    var size: Int { place.size.value }
    /// Each rank starts its own worker.
    var childCount: Int { 1 }
    var isLeader: Bool { place.rank.value == 0 }

    /// Threads of each worker.
    var threadCount: Int {
        place.threadCount(available: Processors.available, installed: Processors.installed)
    }

    /// The other processes wait as spares.
    func check(workerCount: Int, spares: Int) throws {
        guard workerCount <= size else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--workers \(workerCount), but the launcher started \(size) processes (\(place.size.source)), and each is one worker: "
                    + "start more of them")
        }
    }

    // MARK: Rank 0

    /// Calls `body` between the agreement on keys and the removal of what was made for it.
    func lead(_ body: () throws -> Void) throws {
        try sharedKeys?.make()
        meeting.waitForName { Console.note($0) }
        defer {
            sharedKeys?.remove()
            meeting.remove()
        }
        try body()
    }

    var coordinatorArguments: [String] {
        let localCount = place.localSize?.value ?? 1
        return ["--listen", meeting.listening.description, "--local-workers", String(localCount)]
            + ["--ranks", String(size)] + flag("key-file", keyFiles?.coordinator)
    }

    /// For a worker of rank 0: the first is that of the rank, the others are spares.
    func workerArguments(_ index: Int, threads: Int?, data: String?) -> [String] {
        workerArguments(
            name: index == 0 ? Self.name(ofRank: 0) : "spare-\(index)",
            interface: interface ?? meeting.interfaceOfLeader)
            + flag("threads", threads ?? threadCount) + flag("data", data)
    }

    func launcher(environment: [String: String]) throws -> any Launcher {
        LocalLauncher(executable: try Executable.path(), environment: environment)
    }

    // MARK: Other ranks

    /// Keeps a worker of rank 0 running until the run ends. `arguments` are further ones of the worker. Where the rank
    /// is alone on its host, it answers probes at the page's address.
    func compute(
        _ arguments: [String], restarts: Int, page: PageOptions, environment: [String: String]
    ) throws {
        let note = { (text: String) in Console.note("rank \(place.rank.value): \(text)") }
        try sharedKeys?.waitForWorkerFile(note: note)
        meeting.waitForName(note: note)
        let name = Self.name(ofRank: place.rank.value)
        defer { meeting.leave(name: name) }
        var keeper = RankKeeper(
            launcher: LocalLauncher(executable: try Executable.path(), environment: environment), name: name,
            arguments: ["worker", "--supervised", "--explained"] + workerArguments(name: name, interface: interface)
                + arguments,
            restartLimit: restarts, note: note)
        let hasOwnHost = !place.isOnOneHost && place.localSize?.value == 1
        keeper.prepare = {
            guard hasOwnHost else { return }
            do {
                try page.startProbes { Console.error($0) }
            } catch {
                Console.error("\(error)")
            }
        }
        let code = try keeper.run()
        // A run that was complete before has no coordinator that waits for workers.
        if code == ProcessExitCode.unreachable, let run, RunRecord(path: run).result != nil {
            return note("\(run) is complete: there was nothing to do")
        }
        guard code == ProcessExitCode.success else {
            throw ExitCode(BatchSystem.exitCode(code, environment: environment))
        }
    }

    private func workerArguments(name: String, interface: String?) -> [String] {
        ["--name", name, "--coordinator", meeting.address.description] + flag("key-file", keyFiles?.worker)
            + (meeting.needsKeys ? flag("interface", interface) : [])
    }

    private static func name(ofRank rank: Int) -> String { "worker-\(rank)" }

    // MARK: Workers by hand

    /// Where the variables of a launcher tell that the coordinator is.
    static func coordinatorAddress(environment: [String: String]) throws -> String {
        if let own = try LaunchPlace.coordinator(in: environment) { return own.value.description }
        guard let place = try LaunchPlace.detected(in: environment) else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "give --coordinator tcp://HOST:PORT, or set SELVEDGE_COORDINATOR: no launcher's variables tell where it is"
            )
        }
        Console.note("Launched by \(place.summary)")
        return try LaunchMeeting(place, coordinator: nil, environment: environment).address.description
    }
}
