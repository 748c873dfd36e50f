import Cluster
import Core
import Foundation
import Transport

/// A training whose workers are on the hosts of a file, with the coordinator on this one.
struct HostJob: WorkerPlacement {
    /// One worker's host, and how it is started there.
    private struct Place {
        /// Nil for this host.
        var host: HostFile.Host?
        /// Unless the user chose.
        var threadCount: Int
        /// Where it reaches the coordinator.
        var coordinator: Endpoint
        /// The interface for its inbox; nil for that of the route.
        var interface: String?
        /// Whether its host has the folder that the user named.
        var hasData: Bool
    }

    private let file: String
    private let ssh: SSHCommand
    /// By worker, host after host.
    private let places: [Place]
    private let keys: JobKeys

    /// Asks every host of the file, and shows a line for each. Throws when one is not ready.
    init(file: String, ssh: SSHCommand, options: LaunchOptions, data: String?, environment: [String: String]) throws {
        self.file = file
        self.ssh = ssh
        let entries = try HostFile(path: file).entries
        let given = try options.endpoint()
        let hosts = try ReadyHosts(
            entries, ssh, coordinator: given, interface: options.interface, data: data, environment: environment)
        places = hosts.hosts.flatMap { ready in
            let place = Place(
                host: ready.isThisHost ? nil : ready.entry.host,
                threadCount: max(1, ready.processorCount / ready.entry.slotCount), coordinator: ready.coordinator,
                interface: options.interface
                    ?? (ready.isThisHost ? LaunchMeeting.interface(ofLeaderAt: ready.coordinator) : nil),
                hasData: ready.hasData)
            return Array(repeating: place, count: ready.entry.slotCount)
        }
        keys = try JobKeys(name: options.keyFile, workerCount: places.count)
    }

    var size: Int { places.count }
    var childCount: Int { places.count }

    func check(workerCount: Int, spares: Int) throws {
        guard spares == 0 else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--spares: give \(file) more slots, and --workers the number of those that compute: the others are spares"
            )
        }
        guard workerCount <= size else {
            throw ExitStatus(
                ProcessExitCode.usage,
                "--workers \(workerCount), but \(file) has \(Figures.counted(size, "slot")): add hosts or slots")
        }
    }

    var coordinatorArguments: [String] {
        let endpoints = places.map(\.coordinator)
        let listening = endpoints.map(LaunchMeeting.listening(at:)).first { $0.description.contains("[") }
        return [
            "--listen", (listening ?? LaunchMeeting.listening(at: endpoints[0])).description, "--piped-keys",
            "--local-workers", String(places.count { $0.host == nil }),
        ]
    }

    func workerArguments(_ index: Int, threads: Int?, data: String?) -> [String] {
        let place = places[index]
        let own = ["--explained", "--piped-keys", "--name", "worker-\(index)"]
        let minding = place.host == nil ? [] : ["--minded"]
        return own + minding
            + flag("coordinator", place.coordinator) + flag("interface", place.interface)
            + flag("threads", threads ?? place.threadCount)
            + flag("data", place.hasData ? data.map(absolutePath) : nil)
    }

    func launcher(environment: [String: String]) throws -> any Launcher {
        SSHLauncher(
            executable: try Executable.path(), environment: environment, ssh: ssh, coordinatorKeys: keys.coordinator,
            workers: zip(places, keys.workers).map { SSHLauncher.Worker(host: $0.host, keys: $1) })
    }
}

/// The keys of a job that are in no file of their own.
private struct JobKeys {
    let coordinator: KeyFile
    let workers: [KeyFile]

    /// Those that `selvedge keys new NAME` wrote, or new ones: one pair for each worker.
    init(name: String?, workerCount: Int) throws {
        if let name {
            let files = try ["coordinator", "worker"].map { ending in
                let path = "\(name).\(ending)"
                return try KeyFile(parsing: SecretFile.read(path: path), source: path)
            }
            coordinator = files[0]
            workers = Array(repeating: files[1], count: workerCount)
        } else {
            let (own, pairs) = (try KeyPair(), try (0..<workerCount).map { _ in try KeyPair() })
            coordinator = KeyFile(owner: .coordinator, pair: own, others: pairs.map(\.publicKey))
            workers = pairs.map { KeyFile(owner: .worker, pair: $0, others: [own.publicKey]) }
        }
    }
}

/// The hosts of a file after all of them have answered.
private struct ReadyHosts {
    struct Host {
        var entry: HostFile.Entry
        var isThisHost: Bool
        var processorCount: Int
        var coordinator: Endpoint
        var hasData: Bool
    }

    private(set) var hosts: [Host] = []

    init(
        _ entries: [HostFile.Entry], _ ssh: SSHCommand, coordinator: Endpoint?, interface: String?, data: String?,
        environment: [String: String]
    ) throws {
        let question = HostSurvey.Question(
            coordinator: try SSHOptions.ownAddress(coordinator), interface: interface, data: data.map(absolutePath))
        let survey = try HostSurvey(entries.map(\.host), ssh, question, environment: environment)
        for entry in entries {
            if survey.local.contains(entry.host) {
                add(
                    Host(
                        entry: entry, isThisHost: true, processorCount: Processors.available,
                        coordinator: survey.ownEndpoint, hasData: true))
            } else if case .report(let report)? = survey.answers[entry.host], let endpoint = report.endpoint {
                add(
                    Host(
                        entry: entry, isThisHost: false, processorCount: report.processors, coordinator: endpoint,
                        hasData: report.hasData))
            } else if case .problem(let obstacle, _)? = survey.answers[entry.host] {
                Console.error("\(entry.host) is not ready: \(obstacle)")
            }
        }
        guard hosts.count == entries.count else {
            throw ExitStatus(
                ProcessExitCode.unreachable,
                "\(entries.count - hosts.count) of \(Figures.counted(entries.count, "host")) not ready: nothing was started"
            )
        }
    }

    private mutating func add(_ host: Host) {
        hosts.append(host)
        Console.note(
            "\(host.entry.host): \(host.isThisHost ? "this host" : "ready"), "
                + "\(Figures.counted(host.processorCount, "processor")), \(Figures.counted(host.entry.slotCount, "worker")), "
                + "coordinator at \(host.coordinator)"
                + (host.hasData ? "" : "; it has not the folder of --data: the coordinator sends the data"))
    }
}
