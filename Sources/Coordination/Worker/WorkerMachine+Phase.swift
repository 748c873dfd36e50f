extension WorkerMachine {
    enum Phase: Equatable {
        case created
        /// HELLO is sent, and sent again until it is answered.
        case greeting(since: UInt64, lastHello: UInt64)
        /// The driver reads the experiment.
        case loading
        case fetching
        case preparing
        /// Everything is there but a view: a spare stays here.
        case prepared
        case linking
        case ready
        case training
        /// DONE is sent; the coordinator says when to leave.
        case finishing
        /// FAILED is sent; the coordinator decides what follows.
        case failed(WorkerFailure, since: UInt64)
        case exited
    }

    mutating func exit(code: Int32, reason: String) {
        guard phase != .exited else { return }
        phase = .exited
        actions.append(.interruptCompute)
        actions.append(.exit(code: code, reason: reason))
    }

    mutating func send(_ message: WorkerMessage) {
        actions.append(.send(message))
    }
}
