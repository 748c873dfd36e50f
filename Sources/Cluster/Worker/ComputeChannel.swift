import Transport

/// What connects a worker's control thread and its compute thread.
final class ComputeChannel: Sendable {
    let commands: Mailbox<ComputeCommand>
    let reports: Mailbox<ComputeReport>
    let board = ProgressBoard()
    /// Signalled by the control thread to end a blocked exchange at once.
    let interrupt: InterruptEvent

    init() throws(TransportError) {
        commands = try Mailbox()
        reports = try Mailbox()
        interrupt = try InterruptEvent()
    }
}
