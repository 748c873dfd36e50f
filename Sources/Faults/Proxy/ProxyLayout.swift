/// The routes between the processes of one run on this host, with all sockets in one folder, and the commands that make
/// a fault of a plan happen on them.
///
/// Worker N connects to the coordinator through `control-N`, and the other workers connect to it through `inbox-N`: it
/// binds the inbox beside the address at which it reaches the coordinator, and announces that address with a suffix.
package struct ProxyLayout: Sendable {
    package let folder: String
    package let workerCount: Int

    /// What a worker adds to the address of its inbox when it announces it.
    package static let announcedSuffix = ".p"

    /// `folder`: where the coordinator listens, as `control`; short enough for the socket's paths.
    package init(folder: String, workerCount: Int) {
        precondition(workerCount > 0, "a run has at least one worker")
        self.folder = folder
        self.workerCount = workerCount
    }

    /// Where the coordinator itself listens.
    package var coordinator: ProxyAddress { .ipc(path: "\(folder)/control") }

    /// Where worker N reaches the coordinator.
    package func coordinatorAddress(ofWorker worker: Int) -> ProxyAddress {
        .ipc(path: "\(folder)/via-\(worker)")
    }

    /// Where the inbox of worker N, which is called `worker-N`, is bound.
    package func inbox(ofWorker worker: Int) -> ProxyAddress {
        .ipc(path: "\(folder)/via-\(worker)-worker-\(worker)")
    }

    /// Two routes a worker.
    package var routes: [ProxyRoute] {
        (0..<workerCount).flatMap { worker in
            let inbox = inbox(ofWorker: worker)
            return [
                ProxyRoute(
                    name: Self.inboxRoute(worker),
                    listen: .ipc(path: Self.path(of: inbox) + Self.announcedSuffix), target: inbox),
                ProxyRoute(
                    name: Self.controlRoute(worker), listen: coordinatorAddress(ofWorker: worker),
                    target: coordinator),
            ]
        }
    }

    /// The name of the route that leads to a worker's inbox.
    static func inboxRoute(_ worker: Int) -> String { "inbox-\(worker)" }

    /// The name of the route from a worker to the coordinator.
    static func controlRoute(_ worker: Int) -> String { "control-\(worker)" }

    private static func path(of address: ProxyAddress) -> String {
        switch address {
        case .ipc(let path): path
        case .tcp(let host, _): host
        }
    }
}

// MARK: Faults

extension ProxyLayout {
    /// The commands that make a fault of the plan happen. `process` is the identifier of the target, which identifies
    /// its connections to other workers' inboxes. None for a fault of another kind, or of a worker that does not exist.
    package func commands(for fault: Fault, process: Int32?, seed: UInt64) -> [ControlCommand] {
        guard case .disturb(let scope, let effect) = fault.kind.declaration.action, exists(fault.target) else {
            return []
        }
        return traffic(scope, of: fault, process).map { traffic in
            let routes = RouteSelection.named(traffic.routes)
            switch effect {
            case .breakConnections: return .reset(routes, client: traffic.client)
            case .apply(let kind), .applyToOpenConnections(let kind):
                var applied = TrafficFault(kind, of: fault, direction: traffic.direction, seed: seed)
                applied.client = traffic.client
                if case .applyToOpenConnections = effect { applied.openOnly = true }
                return .set(routes, applied)
            }
        }
    }

    /// The commands that end what these commands began.
    package func end(_ commands: [ControlCommand]) -> [ControlCommand] {
        commands.compactMap { command in
            if case .set(let routes, let fault) = command { .unset(routes, fault) } else { nil }
        }
    }

    /// Some traffic of a process.
    private struct Traffic {
        var routes: [String]
        var direction: FlowDirection?
        var client: Int32?
    }

    private func exists(_ target: FaultTarget) -> Bool {
        switch target {
        case .worker(let worker): worker < workerCount
        case .coordinator: true
        }
    }

    private func traffic(_ scope: FaultDeclaration.TrafficScope, of fault: Fault, _ process: Int32?) -> [Traffic] {
        let direction = fault.text(.direction).flatMap(Fault.Direction.init) ?? .both
        guard case .worker(let worker) = fault.target else {
            let controls = (0..<workerCount).map(Self.controlRoute)
            switch scope {
            case .received, .receivedFromAll: return [Traffic(routes: controls, direction: .toTarget)]
            case .bothWays, .connections: return [Traffic(routes: controls)]
            case .everything: return [Traffic(routes: controls, direction: direction.atTarget)]
            case .routeOnly: return []
            }
        }
        let (inbox, control) = (Self.inboxRoute(worker), Self.controlRoute(worker))
        let others = (0..<workerCount).filter { $0 != worker }.map(Self.inboxRoute)
        // The process is the target of its inbox, and the client of every other route.
        var toOthers: [Traffic] = []
        if let process, !others.isEmpty { toOthers = [Traffic(routes: others, client: process)] }
        switch scope {
        case .received: return [Traffic(routes: [inbox], direction: .toTarget)]
        case .receivedFromAll:
            return [
                Traffic(routes: [inbox], direction: .toTarget), Traffic(routes: [control], direction: .toClient),
            ]
        case .bothWays: return [Traffic(routes: [inbox])]
        case .connections: return [Traffic(routes: [inbox, control])] + toOthers
        case .everything:
            for index in toOthers.indices { toOthers[index].direction = direction.atClient }
            return [
                Traffic(routes: [inbox], direction: direction.atTarget),
                Traffic(routes: [control], direction: direction.atClient),
            ] + toOthers
        case .routeOnly: return []
        }
    }
}

extension Fault.Direction {
    /// The direction on a route of which the process is the target.
    fileprivate var atTarget: FlowDirection? {
        switch self {
        case .inward: .toTarget
        case .outward: .toClient
        case .both: nil
        }
    }

    /// The direction on a route of which the process is the client.
    fileprivate var atClient: FlowDirection? {
        switch self {
        case .inward: .toClient
        case .outward: .toTarget
        case .both: nil
        }
    }
}
