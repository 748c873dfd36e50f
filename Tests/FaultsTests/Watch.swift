import Synchronization

@testable import Faults

/// Effects that only leave a note, and a clock that tests move.
final class Watch: Sendable {
    private struct State {
        var events: [String] = []
        var nanoseconds: Int64 = 1_000_000
    }

    private let state = Mutex(State())

    /// Everything that happened, reports included.
    var events: [String] { state.withLock { $0.events } }

    /// What was done, without the reports.
    var acts: [String] { events.filter { !$0.hasPrefix("fault: ") } }

    func advance(milliseconds: Int) {
        state.withLock { $0.nanoseconds += Int64(milliseconds) * 1_000_000 }
    }

    private func note(_ text: String) {
        state.withLock { $0.events.append(text) }
    }

    /// Sleeping moves the clock; threads run at once.
    var effects: FaultEffects {
        FaultEffects(
            nanoseconds: { [self] in state.withLock { $0.nanoseconds } },
            report: { [self] in note($0) },
            sleep: { [self] milliseconds in
                note("sleep \(milliseconds)")
                advance(milliseconds: milliseconds)
            },
            kill: { [self] in note("kill \($0.rawValue)") },
            stop: { [self] in note("stop \($0.map(String.init) ?? "for ever")") },
            exit: { [self] in note("exit \($0)") },
            runThread: { $0() })
    }
}
