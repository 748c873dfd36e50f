/// What the network does to one process of a run.
package enum LinkFault: Sendable, Hashable {
    /// What is lost, as the process sees it.
    package enum Way: String, Sendable, CaseIterable {
        /// What others send to it.
        case inward = "in"
        /// What it sends.
        case outward = "out"
        case both
    }

    /// The longest delay, in milliseconds.
    package static let delayLimit = NetworkFault.millisecondLimit

    /// To a share of the messages that it is sent by other workers; for the coordinator, by all workers.
    case drop(share: Double)
    case duplicate(share: Double)
    case reorder(share: Double)
    case corrupt(share: Double)
    /// A share of what it is sent, by anybody, comes so much later.
    case delay(milliseconds: Int, share: Double)
    /// The connections from other workers that stand now carry nothing more; new ones do. For the coordinator: from all.
    case halfOpen
    /// Its connections break once.
    case reset
    /// Nobody reaches it, or it reaches nobody, or both; new connections are not answered.
    case partition(Way)
}

extension ProxyLayout {
    /// The process that a fault befalls.
    package enum Subject: Sendable, Hashable {
        case worker(Int)
        case coordinator
    }

    /// What the proxy has to be told so that the fault begins. `process` is the subject's own, if it is a worker: what it
    /// sends to others' inboxes is known by it.
    package func begin(_ fault: LinkFault, on subject: Subject, process: Int32?, seed: UInt64) -> [ControlCommand] {
        switch fault {
        case .drop(let share): strike(.drop, subject, share, seed)
        case .duplicate(let share): strike(.duplicate, subject, share, seed)
        case .reorder(let share): strike(.reorder, subject, share, seed)
        case .corrupt(let share): strike(.corrupt, subject, share, seed)
        case .delay(let milliseconds, let share): delay(subject, milliseconds, share, seed)
        case .halfOpen: [halfOpen(subject)]
        case .reset: breakConnections(subject, process)
        case .partition(let way): cutOff(subject, way, process)
        }
    }

    /// What the proxy has to be told so that the fault ends which began with these commands.
    package func end(_ commands: [ControlCommand]) -> [ControlCommand] {
        commands.compactMap { command in
            if case .set(let routes, let fault) = command { .unset(routes, fault) } else { nil }
        }
    }
}

extension ProxyLayout {
    private var allControls: [String] { (0..<workerCount).map(Self.controlRoute) }

    private func othersInboxes(_ worker: Int) -> [String] {
        (0..<workerCount).filter { $0 != worker }.map(Self.inboxRoute)
    }

    private func strike(
        _ kind: NetworkFaultKind, _ subject: Subject, _ share: Double, _ seed: UInt64
    ) -> [ControlCommand] {
        let fault = NetworkFault(kind, direction: .toTarget, share: share, seed: seed)
        switch subject {
        case .worker(let worker): return [.set(.named([Self.inboxRoute(worker)]), fault)]
        case .coordinator: return [.set(.named(allControls), fault)]
        }
    }

    private func delay(
        _ subject: Subject, _ milliseconds: Int, _ share: Double, _ seed: UInt64
    ) -> [ControlCommand] {
        func fault(_ direction: FlowDirection) -> NetworkFault {
            NetworkFault(.delay, direction: direction, share: share, seed: seed, milliseconds: milliseconds)
        }
        switch subject {
        case .worker(let worker):
            return [
                .set(.named([Self.inboxRoute(worker)]), fault(.toTarget)),
                .set(.named([Self.controlRoute(worker)]), fault(.toClient)),
            ]
        case .coordinator: return [.set(.named(allControls), fault(.toTarget))]
        }
    }

    private func halfOpen(_ subject: Subject) -> ControlCommand {
        var fault = NetworkFault(.stall)
        fault.standingOnly = true
        switch subject {
        case .worker(let worker): return .set(.named([Self.inboxRoute(worker)]), fault)
        case .coordinator: return .set(.named(allControls), fault)
        }
    }

    private func breakConnections(_ subject: Subject, _ process: Int32?) -> [ControlCommand] {
        guard case .worker(let worker) = subject else { return [.reset(.named(allControls), client: nil)] }
        var commands = [
            ControlCommand.reset(.named([Self.inboxRoute(worker), Self.controlRoute(worker)]), client: nil)
        ]
        if let process, workerCount > 1 { commands.append(.reset(.named(othersInboxes(worker)), client: process)) }
        return commands
    }

    private func cutOff(_ subject: Subject, _ way: LinkFault.Way, _ process: Int32?) -> [ControlCommand] {
        // At its own doors the subject is the target; where it knocks it is the client.
        let (towards, away): (FlowDirection?, FlowDirection?) =
            switch way {
            case .inward: (.toTarget, .toClient)
            case .outward: (.toClient, .toTarget)
            case .both: (nil, nil)
            }
        guard case .worker(let worker) = subject else {
            return [.set(.named(allControls), NetworkFault(.stall, direction: towards))]
        }
        var commands: [ControlCommand] = [
            .set(.named([Self.inboxRoute(worker)]), NetworkFault(.stall, direction: towards)),
            .set(.named([Self.controlRoute(worker)]), NetworkFault(.stall, direction: away)),
        ]
        if let process, workerCount > 1 {
            var fault = NetworkFault(.stall, direction: away)
            fault.client = process
            commands.append(.set(.named(othersInboxes(worker)), fault))
        }
        return commands
    }
}
