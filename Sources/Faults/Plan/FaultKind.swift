import Glibc
import Runs

/// What can be done to a run on purpose. Everything about a kind is declared here once: its name, its parameters, where
/// it acts, its documentation, and how a random plan chooses its values.
///
/// The name is the first word of a fault's text in a plan, and of a command for a proxy.
package enum FaultKind: String, Sendable, CaseIterable {
    case kill
    case stop
    case slow
    case exit
    case drop
    case duplicate
    case reorder
    case corrupt
    case delay
    case halfOpen = "half-open"
    case reset
    case partition
    case diskFull = "disk-full"
    case failWrite = "fail-write"
    case failSynchronize = "fail-fsync"
    case failRename = "fail-rename"
    case slowSynchronize = "slow-fsync"
    case flipGradient = "flip-gradient"
    case flipCheckpoint = "flip-checkpoint"
    case corruptStream = "corrupt-stream"
    case stall
    case refuse
    case throttle
}

/// The declaration of one kind of fault.
struct FaultDeclaration: Sendable {
    /// What happens when a fault is triggered.
    enum Action: Sendable {
        /// The process ends by a signal.
        case kill
        /// The process is suspended (SIGSTOP).
        case stop
        /// The process ends with an exit code.
        case exit
        /// Steps take longer.
        case slow
        /// These operations on files fail with this error number.
        case failFiles([FileOperation], errorCode: Int32)
        /// Makes operations on files take longer.
        case slowFiles([FileOperation])
        /// A bit of a gradient changes before it is sent.
        case flipGradient
        /// A bit of the last checkpoint changes after it was saved.
        case flipCheckpoint
        /// The proxy between the processes disturbs this traffic of the process.
        case disturb(TrafficScope, RouteEffect)
    }

    /// Which traffic of a process a fault of the network concerns.
    enum TrafficScope: Sendable {
        /// What other workers send to it; for the coordinator, what all workers send.
        case received
        /// What other processes, the coordinator included, send to it.
        case receivedFromAll
        /// The connections that other workers opened to it, both ways; for the coordinator, those of all workers.
        case bothWays
        /// All its connections.
        case connections
        /// Everything in the fault's direction: it is cut off.
        case everything
        /// No plan has this kind; only a command for a proxy does.
        case routeOnly
    }

    /// What a proxy does on a route for a fault of the network.
    enum RouteEffect: Sendable {
        /// It applies a fault of this kind to new and open connections.
        case apply(FaultKind)
        /// It applies a fault of this kind to the connections that are open now.
        case applyToOpenConnections(FaultKind)
        /// It breaks open connections once.
        case breakConnections
    }

    enum Targets: Sendable {
        case workers
        case coordinator
        case all
        case none
    }

    /// When a fault of a random plan is triggered.
    enum RandomMoment: Sendable {
        case step
        /// At a phase that the process reaches.
        case phase
        /// After a checkpoint that is not the first: without the first, no older one could be resumed from.
        case laterCheckpoint
    }

    /// One line for the documentation.
    let summary: String
    let action: Action
    let targets: Targets
    /// The parameters of a fault's text besides target and moment.
    var parameters: [FaultParameter] = []
    /// At least one of these has to be given.
    var required: [FaultKey] = []
    /// The parameters of a proxy's command besides direction, client and connections.
    var routeParameters: [FaultParameter] = []
    /// Distinguishes the random draws of kinds that a proxy applies; 1 to 15, and never changed.
    var drawNumber: UInt32 = 0
    var randomMoment = RandomMoment.step
    /// Chooses the parameters of a fault in a random plan.
    var randomize: @Sendable (inout Fault, inout FaultRandom) -> Void = { _, _ in }
}

extension FaultKind {
    /// The declaration of this kind.
    var declaration: FaultDeclaration { Self.declarations[self] ?? declared }

    private static let declarations = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.declared) })

    private var declared: FaultDeclaration {
        switch self {
        case .kill:
            FaultDeclaration(
                summary: "ends the process by a signal", action: .kill, targets: .all,
                parameters: [.signal], randomMoment: .phase,
                randomize: { if $1.chance(0.2) { $0.set(.signal, Fault.Signal.segmentationFault.rawValue) } })
        case .stop:
            FaultDeclaration(
                summary: "suspends the process with SIGSTOP, permanently or for a time", action: .stop, targets: .all,
                parameters: [.duration()], randomMoment: .phase,
                randomize: { if $1.chance(0.5) { $0.set(.duration, $1.integer(20...1500)) } })
        case .slow:
            FaultDeclaration(
                summary: "makes each step longer by a factor or by milliseconds", action: .slow, targets: .workers,
                parameters: [.factor, .added(), .duration()], required: [.factor, .added],
                randomize: {
                    $0.set(.added, $1.integer(1...20))
                    $0.set(.duration, $1.integer(100...1000))
                })
        case .exit:
            // The exit of a coordinator ends the run: with 75 it can be resumed.
            FaultDeclaration(
                summary: "ends the process with an exit code", action: .exit, targets: .all,
                parameters: [.code], randomMoment: .phase,
                randomize: { fault, _ in fault.set(.code, fault.target == .coordinator ? 75 : 1) })
        case .drop:
            .ofMessages("loses a share of the messages that the process is sent", self, drawNumber: 1)
        case .duplicate:
            .ofMessages("delivers a share of the messages that the process is sent twice", self, drawNumber: 2)
        case .reorder:
            .ofMessages(
                "lets a later message overtake a share of the messages that the process is sent", self, drawNumber: 3,
                routeParameters: [.share(1), .seed, .behind, .milliseconds])
        case .corrupt:
            .ofMessages("changes a bit in a share of the messages that the process is sent", self, drawNumber: 4)
        case .delay:
            FaultDeclaration(
                summary: "delays a share of what the process is sent",
                action: .disturb(.receivedFromAll, .apply(self)), targets: .all,
                parameters: [.added(20), .share(1), .duration(1000)],
                routeParameters: [.share(1), .seed, .milliseconds], drawNumber: 6,
                randomize: {
                    $0.set(.duration, $1.integer(50...1500))
                    $0.set(.added, $1.integer(1...100))
                })
        case .halfOpen:
            FaultDeclaration(
                summary: "open connections to the process stay open and carry nothing",
                action: .disturb(.bothWays, .applyToOpenConnections(.stall)), targets: .all,
                parameters: [.duration(1000)],
                randomize: { $0.set(.duration, $1.integer(50...1500)) })
        case .reset:
            FaultDeclaration(
                summary: "breaks the connections of the process", action: .disturb(.connections, .breakConnections),
                targets: .all, routeParameters: [.share(1), .seed], drawNumber: 9)
        case .partition:
            FaultDeclaration(
                summary: "cuts the process off, in one direction or both",
                action: .disturb(.everything, .apply(.stall)), targets: .all,
                parameters: [.direction, .duration(1000)],
                randomize: {
                    $0.set(.duration, $1.integer(50...1500))
                    if let direction = $1.element(Fault.Direction.allCases) { $0.set(.direction, direction.rawValue) }
                })
        case .diskFull:
            FaultDeclaration(
                summary: "writes fail with ENOSPC for a time",
                action: .failFiles([.write, .allocate], errorCode: ENOSPC), targets: .coordinator,
                parameters: [.duration(500), .file], randomize: { $0.set(.duration, $1.integer(5...100)) })
        case .failWrite: .ofCalls("writes", .write)
        case .failSynchronize: .ofCalls("calls of fsync", .synchronize)
        case .failRename: .ofCalls("renames", .rename)
        case .slowSynchronize:
            FaultDeclaration(
                summary: "a number of calls of fsync take longer", action: .slowFiles([.synchronize]),
                targets: .coordinator, parameters: [.added(1000), .times, .file],
                randomize: {
                    $0.set(.added, $1.integer(10...3000))
                    $0.set(.times, $1.integer(1...2))
                })
        case .flipGradient:
            FaultDeclaration(
                summary: "flips a bit of a gradient before it is sent; found with `--audit 1`", action: .flipGradient,
                targets: .workers, parameters: [.bit(0...31), .element],
                randomize: {
                    $0.set(.bit, $1.integer(0...31))
                    $0.set(.element, $1.integer(0...65_535))
                })
        case .flipCheckpoint:
            FaultDeclaration(
                summary: "flips a bit of the last checkpoint; found by the next resume", action: .flipCheckpoint,
                targets: .coordinator, parameters: [.bit(0...7), .element], randomMoment: .laterCheckpoint,
                randomize: {
                    $0.set(.bit, $1.integer(0...7))
                    $0.set(.element, $1.integer(0...65_535))
                })
        case .corruptStream:
            FaultDeclaration(
                summary: "changes a bit of anything: greetings, lengths, commands and messages",
                action: .disturb(.routeOnly, .apply(self)), targets: .none,
                routeParameters: [.share(1), .seed], drawNumber: 5)
        case .stall:
            FaultDeclaration(
                summary: "forwards nothing; connections stay open, and new ones are not answered",
                action: .disturb(.routeOnly, .apply(self)), targets: .none, drawNumber: 7)
        case .refuse:
            FaultDeclaration(
                summary: "closes new connections at once", action: .disturb(.routeOnly, .apply(self)), targets: .none,
                drawNumber: 8)
        case .throttle:
            FaultDeclaration(
                summary: "limits the bytes per second that each connection carries to the process",
                action: .disturb(.receivedFromAll, .apply(self)), targets: .all,
                parameters: [.rate(1_000_000), .duration(1000)], routeParameters: [.rate(1_000_000)], drawNumber: 10,
                randomize: {
                    $0.set(.duration, $1.integer(50...1500))
                    $0.set(.rate, 1000 * $1.integer(20...2000))
                })
        }
    }
}

extension FaultDeclaration {
    /// A kind that the proxy applies to a share of the messages to a process.
    fileprivate static func ofMessages(
        _ summary: String, _ kind: FaultKind, drawNumber: UInt32,
        routeParameters: [FaultParameter] = [.share(1), .seed]
    ) -> FaultDeclaration {
        FaultDeclaration(
            summary: summary, action: .disturb(.received, .apply(kind)), targets: .all,
            parameters: [.share(0.1), .duration(1000)], routeParameters: routeParameters, drawNumber: drawNumber,
            randomize: {
                $0.set(.duration, $1.integer(50...1500))
                $0.set(.share, Double($1.integer(2...50)) / 100)
            })
    }

    /// A kind that makes calls of one operation fail.
    fileprivate static func ofCalls(_ calls: String, _ operation: FileOperation) -> FaultDeclaration {
        FaultDeclaration(
            summary: "a number of \(calls) fail with EIO", action: .failFiles([operation], errorCode: EIO),
            targets: .coordinator, parameters: [.times, .file],
            randomize: { $0.set(.times, $1.integer(1...2)) })
    }
}

extension FaultKind {
    /// The kinds that a plan may have; the others are for a proxy's commands only.
    package static let planned = allCases.filter { $0.declaration.targets != .none }

    /// The kinds that a proxy's command may have.
    static let ofRoutes = allCases.filter { $0.declaration.drawNumber > 0 }

    /// The kinds in a list with commas between, as `kill,stop`.
    package static func list(_ text: String) throws(FaultError) -> [FaultKind] {
        var kinds: [FaultKind] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = FaultKind(planned: String(name)) else { throw FaultError(.unknownKind(String(name))) }
            kinds.append(kind)
        }
        return kinds
    }

    /// The kind of this name that a plan may have.
    init?(planned name: String) {
        guard let kind = FaultKind(rawValue: name), Self.planned.contains(kind) else { return nil }
        self = kind
    }

    /// Whether a proxy between the processes applies it.
    var isNetwork: Bool {
        if case .disturb = declaration.action { true } else { false }
    }

    /// Whether it makes operations on files fail, or take longer.
    package var isFile: Bool {
        switch declaration.action {
        case .failFiles, .slowFiles: true
        default: false
        }
    }

    var concernsWorkers: Bool { declaration.targets == .workers || declaration.targets == .all }

    var concernsCoordinator: Bool { declaration.targets == .coordinator || declaration.targets == .all }

    /// The table of all kinds that a plan may have, as Markdown.
    package static var documentation: String {
        let rows = planned.map { kind in
            let targets =
                switch kind.declaration.targets {
                case .workers: "workers"
                case .coordinator: "coordinator"
                case .all, .none: "both"
                }
            let parameters = kind.declaration.parameters.map(\.documentation).joined(separator: ", ")
            return
                "| \(kind.rawValue) | \(targets) | \(kind.declaration.summary) |\(parameters.isEmpty ? "" : " \(parameters)") |"
        }
        return (["| kind | affects | effect | parameters |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }
}
