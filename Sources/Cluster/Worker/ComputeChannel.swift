import Faults
import Transport

/// What connects a worker's control thread and its compute thread.
final class ComputeChannel: Sendable {
    let commands: Mailbox<ComputeCommand>
    let reports: Mailbox<ComputeReport>
    let board = ProgressBoard()
    /// Signalled by the control thread to end a blocked exchange at once.
    let interrupt: InterruptEvent
    /// What is to go wrong in this process; nil unless somebody asked for that.
    let faults: FaultInjector?

    init(faults: FaultInjector? = nil) throws(TransportError) {
        self.faults = faults
        commands = try Mailbox()
        reports = try Mailbox()
        interrupt = try InterruptEvent()
    }
}
