/// The proxy of a run with network faults: it forwards between all processes of the run, and applies a fault when a
/// process reports that it was triggered.
package final class RunProxy {
    private let layout: ProxyLayout
    private let proxy: FaultProxy
    private var pipe: NetworkFaultPipe
    /// The commands that end the faults in effect, and when.
    private var ends: [(nanoseconds: UInt64, commands: [ControlCommand])] = []
    /// The seed of the next fault.
    private var seed: UInt64 = 0

    private init(layout: ProxyLayout, faultFolder: String) throws {
        self.layout = layout
        proxy = try FaultProxy(routes: layout.routes)
        pipe = try NetworkFaultPipe(folder: faultFolder)
    }

    /// Listens for all processes of a run, and forwards in a thread until this process ends. `failed` is called on that
    /// thread when forwarding ends with an error.
    package static func start(
        _ layout: ProxyLayout, faultFolder: String, failed: @escaping @Sendable (any Error) -> Void
    ) throws {
        // Only the thread uses it from here on.
        nonisolated(unsafe) let proxy = try RunProxy(layout: layout, faultFolder: faultFolder)
        FaultEffects.real.runThread {
            do {
                try proxy.run()
            } catch {
                failed(error)
            }
        }
    }

    private func run() throws {
        while true {
            let hasReports = try proxy.goRound(control: pipe.descriptor, until: ends.map(\.nanoseconds).min())
            if hasReports { for event in pipe.read() { try begin(event) } }
            try endWhatIsOver()
        }
    }

    private func begin(_ event: NetworkFaultPipe.Event) throws {
        seed += 1
        let commands = layout.commands(for: event.fault, process: event.processIdentifier, seed: seed)
        for command in commands { try proxy.apply(command) }
        guard let milliseconds = event.fault.durationMilliseconds else { return }
        ends.append((FaultProxy.now + UInt64(milliseconds) * 1_000_000, layout.end(commands)))
    }

    private func endWhatIsOver() throws {
        let now = FaultProxy.now
        for end in ends where end.nanoseconds <= now {
            for command in end.commands { try proxy.apply(command) }
        }
        ends.removeAll { $0.nanoseconds <= now }
    }
}
