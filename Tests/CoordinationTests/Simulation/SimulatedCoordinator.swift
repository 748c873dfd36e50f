@testable import Coordination

/// A coordinator's process.
final class SimulatedCoordinator {
    let term: UInt64
    let clock: SimulatedClock
    var machine: CoordinatorMachine
    /// The bytes of the state that the run was taken up from.
    let startBytes: [UInt8]?
    var isDead = false
    var isOver = false
    var pausedUntil: UInt64 = 0
    var postponed: [() -> Void] = []
    /// It dies when it has carried out so many more actions.
    var actionsLeft = Int.max

    init(
        _ configuration: CoordinatorConfiguration, clock: SimulatedClock, startBytes: [UInt8]?, now: UInt64
    ) throws {
        term = configuration.term
        self.clock = clock
        self.startBytes = startBytes
        machine = try CoordinatorMachine(configuration: configuration, now: clock.local(now))
    }

    var name: String { "coordinator \(term)" }
    var isHere: Bool { !isDead && !isOver }
}
