import Core
package import Transport

/// The place of this process in a job whose processes a launcher started, as environment variables give it.
///
/// Each launcher's convention is a file of `Launchers/Conventions`. To add one, conform to `LaunchConvention` there and
/// list the type in `conventions`.
package struct LaunchPlace: Sendable, Equatable {
    /// A value, and the variables that it came from.
    package struct Found<Value: Sendable & Equatable>: Sendable, Equatable {
        package var value: Value
        package var source: String
    }

    /// What started the process, for messages.
    package var launcher: String
    package var rank: Found<Int>
    /// Processes of the job, from 1.
    package var size: Found<Int>
    /// The place among the job's processes on this host.
    package var localRank: Found<Int>?
    /// Processes of the job on this host.
    package var localSize: Found<Int>?
    package var node: Found<Int>?
    /// The host of rank 0; nil where the launcher does not tell.
    package var host: Found<String>?
    /// Where rank 0 listens, if it has to be reached from other hosts.
    package var port: Found<UInt16>?
    /// Where rank 0 listens if that was set as a whole: it counts before host and port.
    package var coordinator: Found<Endpoint>?
    /// Equal for all starts of one job, also after it was queued again; nil where there is no such name.
    package var job: Found<String>?
    /// Tells the starts of one user on one host apart, where the launcher has a name for that: equal for all ranks.
    package var start: String?
    /// Processors of this host that belong to the job, if the launcher tells.
    package var nodeProcessorCount: Int?

    init(launcher: String, rank: Found<Int>, size: Found<Int>) {
        self.launcher = launcher
        self.rank = rank
        self.size = size
    }

    /// In order of precedence: a launcher that runs inside the job of another one comes first.
    static var conventions: [any LaunchConvention.Type] {
        [
            OwnVariables.self, TorchVariables.self, OpenMPIVariables.self, ProcessManagerVariables.self,
            SlurmVariables.self, KubernetesVariables.self,
        ]
    }

    /// The place of a process with this environment; nil where no launcher started it.
    package static func detected(
        in environment: [String: String]
    ) throws(LaunchEnvironmentError) -> LaunchPlace? {
        let variables = LaunchVariables(environment)
        for convention in conventions {
            guard var place = try convention.place(in: variables) else { continue }
            guard place.rank.value < place.size.value else {
                throw .rankBeyondSize(rank: "\(place.rank)", size: "\(place.size)")
            }
            try place.complete(from: variables)
            return place
        }
        return nil
    }

    /// Adds what does not depend on the launcher.
    private mutating func complete(from variables: LaunchVariables) throws(LaunchEnvironmentError) {
        if host == nil { host = try variables.host("MASTER_ADDR") }
        if port == nil { port = try variables.port("MASTER_PORT") }
        try SlurmVariables.complete(&self, from: variables)
        if host != nil, port == nil { port = Found(value: Self.usualPort, source: "the usual port") }
        coordinator = try variables.endpoint(Self.coordinatorVariable)
        if let own = try variables.job("SELVEDGE_JOB") { job = own }
        if start == nil { start = job.map { "job-\($0.value)" } ?? port.map { "port-\($0.value)" } }
    }

    private static let coordinatorVariable = "SELVEDGE_COORDINATOR"
    /// The port of torchrun's rank 0.
    private static let usualPort: UInt16 = 29_500

    /// Where rank 0 listens, if SELVEDGE_COORDINATOR tells; a process without a launcher may have that variable too.
    package static func coordinator(
        in environment: [String: String]
    ) throws(LaunchEnvironmentError) -> Found<Endpoint>? {
        try LaunchVariables(environment).endpoint(coordinatorVariable)
    }

    /// The name of the job that this process belongs to; nil where no variable has one. The batch script of a job,
    /// which no launcher started, has it too.
    package static func job(in environment: [String: String]) throws(LaunchEnvironmentError) -> Found<String>? {
        let variables = LaunchVariables(environment)
        if let job = try variables.job("SELVEDGE_JOB", "SLURM_JOB_ID") { return job }
        return try detected(in: environment)?.job
    }

    // MARK: What follows from it

    /// Whether all processes of the job run on one host.
    package var isOnOneHost: Bool {
        if let localSize { return localSize.value == size.value }
        return host.map { NumericAddress.isLoopback($0.value) || $0.value == "localhost" } ?? false
    }

    /// The address of rank 0 for all hosts; nil where a part of it is missing.
    package var address: Endpoint? {
        if let coordinator { return coordinator.value }
        guard let host, let port else { return nil }
        return .tcp(host: host.value, port: port.value)
    }

    /// Compute threads of this process, of which `available` processors are usable and `installed` are on the host.
    ///
    /// Where the launcher has given each process processors of its own, all of them; otherwise its share of the host's.
    package func threadCount(available: Int, installed: Int) -> Int {
        let processes = localSize?.value ?? 1
        let isShared = available * processes > (nodeProcessorCount ?? installed)
        return max(1, isShared ? available / processes : available)
    }

    /// One line: what was found, and in which variables.
    package var summary: String {
        var text = "\(launcher): rank \(rank.value) of \(size.value)"
        var sources = [rank.source, size.source]
        if let localSize {
            text += isOnOneHost ? " on one host" : ", \(localSize.value) on this host"
            sources.append(localSize.source)
        }
        if !isOnOneHost, let address {
            text += ", rank 0 at \(address)"
            sources += coordinator.map { [$0.source] } ?? [host?.source, port?.source].compactMap(\.self)
        }
        if let job {
            text += ", job \(job.value)"
            sources.append(job.source)
        }
        // Slurm's job gives the port too.
        sources = sources.enumerated().filter { !sources[..<$0.offset].contains($0.element) }.map(\.element)
        return "\(text) (\(sources.joined(separator: ", ")))"
    }
}

extension LaunchPlace.Found: CustomStringConvertible {
    package var description: String { "\(source)=\(value)" }
}

/// How one launcher describes a process in its environment.
protocol LaunchConvention {
    /// The place of the process; nil where the launcher's variables are absent.
    static func place(in variables: LaunchVariables) throws(LaunchEnvironmentError) -> LaunchPlace?
}

/// Why the variables of a launcher cannot be used. Each description is one line that names the variable and what to do.
package enum LaunchEnvironmentError: Error, Sendable, Equatable, CustomStringConvertible {
    case notANumber(variable: String, text: String, range: ClosedRange<Int>)
    /// Not a host, an address, a job's name or a list of nodes: what was expected, and why it is none.
    case unusable(variable: String, text: String, reason: String)
    case disagreement(String, String)
    case rankBeyondSize(rank: String, size: String)
    /// One variable is set, another one that belongs to it is not.
    case incomplete(found: String, missing: String)

    package var description: String {
        switch self {
        case .notANumber(let variable, let text, let range):
            "\(variable)=\(escaped(text, limit: 40)) is not a number from \(range.lowerBound) to \(range.upperBound): "
                + "correct or unset it"
        case .unusable(let variable, let text, let reason):
            "\(variable)=\(escaped(text, limit: 80)) cannot be used: \(reason)"
        case .disagreement(let one, let other):
            "\(one) and \(other) disagree about this process: unset the variables of the launcher that did not start it"
        case .rankBeyondSize(let rank, let size): "\(rank) is not below \(size): ranks count from 0"
        case .incomplete(let found, let missing): "\(found) is set, but \(missing) is not: set both or none"
        }
    }
}
