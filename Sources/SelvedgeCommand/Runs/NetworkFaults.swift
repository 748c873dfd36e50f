import Faults
import Foundation

/// The proxy of a run with network faults: it stands between all its processes, and disturbs them when faults strike.
final class NetworkFaults {
    private let layout: ProxyLayout
    private let proxy: FaultProxy
    private var pipe: NetworkFaultPipe
    /// What ends the faults that have struck, and when.
    private var ends: [(nanoseconds: UInt64, commands: [ControlCommand])] = []
    private var struckCount: UInt64 = 0

    /// How long a fault lasts that says nothing about it.
    private static let defaultMilliseconds = 1000

    private init(layout: ProxyLayout, faultFolder: String) throws {
        self.layout = layout
        proxy = try FaultProxy(routes: layout.routes)
        pipe = try NetworkFaultPipe(folder: faultFolder)
    }

    /// Listens for all processes of a run, and forwards in a thread of its own until this process ends.
    static func start(_ layout: ProxyLayout, faultFolder: String) throws {
        // Given away to the thread.
        nonisolated(unsafe) let faults = try NetworkFaults(layout: layout, faultFolder: faultFolder)
        Thread {
            do {
                try faults.run()
            } catch {
                Console.error("the proxy of the network faults has failed: \(error)")
            }
        }.start()
    }

    private func run() throws {
        while true {
            let hasNews = try proxy.goRound(control: pipe.descriptor, until: ends.map(\.nanoseconds).min())
            if hasNews { for event in pipe.read() { try begin(event) } }
            try endWhatIsOver()
        }
    }

    private func begin(_ event: NetworkFaultPipe.Event) throws {
        let fault = event.fault
        guard let link = LinkFault(fault) else { return }
        struckCount += 1
        let commands: [ControlCommand]
        switch fault.target {
        case .coordinator: commands = layout.begin(link, on: .coordinator, process: nil, seed: struckCount)
        case .worker(let worker):
            guard worker < layout.workerCount else { return }
            commands = layout.begin(
                link, on: .worker(worker), process: event.processIdentifier, seed: struckCount)
        }
        for command in commands { try proxy.apply(command) }
        let duration = UInt64(fault.durationMilliseconds ?? Self.defaultMilliseconds) * 1_000_000
        ends.append((FaultProxy.now + duration, layout.end(commands)))
    }

    private func endWhatIsOver() throws {
        let now = FaultProxy.now
        for end in ends where end.nanoseconds <= now {
            for command in end.commands { try proxy.apply(command) }
        }
        ends.removeAll { $0.nanoseconds <= now }
    }
}

extension LinkFault {
    /// The share of frames that a fault strikes which says nothing about it.
    private static let defaultShare = 0.1
    private static let defaultDelayMilliseconds = 20

    /// What a proxy does for a fault; nil where it has no part in it.
    init?(_ fault: Fault) {
        let share = fault.share ?? Self.defaultShare
        switch fault.kind {
        case .drop: self = .drop(share: share)
        case .duplicate: self = .duplicate(share: share)
        case .reorder: self = .reorder(share: share)
        case .corrupt: self = .corrupt(share: share)
        case .delay:
            self = .delay(
                milliseconds: min(fault.addedMilliseconds ?? Self.defaultDelayMilliseconds, Self.delayLimit),
                share: fault.share ?? 1)
        case .halfOpen: self = .halfOpen
        case .reset: self = .reset
        case .partition:
            switch fault.direction ?? .both {
            case .inward: self = .partition(.inward)
            case .outward: self = .partition(.outward)
            case .both: self = .partition(.both)
            }
        default: return nil
        }
    }
}
