import Glibc

extension SupervisorMachine {
    /// A signal that asks for the end. The first is passed on to the coordinator, which saves; the second ends everything.
    mutating func signalled(_ signal: Int32) -> [SupervisorAction] {
        guard stopSignal == nil else {
            // A terminal that closes may send it more than once.
            if signal != SIGHUP { actions.append(.finish(.interrupted(signal: signal, wasLed: true))) }
            return takeActions()
        }
        stopSignal = signal
        for index in workers.indices {
            if case .due = workers[index].state { workers[index].state = .gone }
        }
        switch coordinator {
        case .running: actions.append(.send(signal: signal, .coordinator))
        case .starting, .due: actions.append(.finish(.interrupted(signal: signal, wasLed: false)))
        case .over: break
        }
        return takeActions()
    }
}
