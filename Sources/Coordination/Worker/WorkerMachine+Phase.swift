extension WorkerMachine {
    enum Phase: Equatable {
        case created
        /// The first HELLO is sent, and sent again until it is answered.
        case greeting(since: UInt64, lastHello: UInt64)
        /// The driver reads the experiment.
        case loading
        case fetching
        case preparing
        /// The compute thread ends what it does.
        case regrouping
        /// Everything is there but a view: a spare stays here.
        case standing
        case linking
        case ready
        case training
        /// DONE is sent; the coordinator says when to leave.
        case finishing
        /// FAILED is sent; the coordinator decides what follows.
        case failed(WorkerFailure, since: UInt64)
        /// Nobody leads any more: the state is being saved.
        case abandoned
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

    /// Sends what the coordinator waits for, and keeps it: it is sent again when it seems lost.
    mutating func answer(_ message: WorkerMessage) {
        lastAnswer = message
        send(message)
    }

    /// The worker's first words, with what it holds if it was welcomed before.
    var hello: Hello {
        var hello = configuration.hello
        switch phase {
        case .created, .greeting, .loading, .fetching, .preparing: break
        default:
            if let job = welcome?.job {
                hello.attachment = Attachment(job: job, generation: heardGeneration, holdsState: holdsState)
            }
        }
        return hello
    }

    /// Whether this worker sends the states that the coordinator saves.
    var isFirst: Bool { rank == 0 }
}
