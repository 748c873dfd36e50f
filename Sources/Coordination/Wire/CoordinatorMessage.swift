package import Core

/// What the coordinator sends to a worker. A new message gets a case here, the next free type below 256, and its fields
/// in the file of its family.
package enum CoordinatorMessage: Sendable, Equatable {
    case welcome(Welcome)
    case refused(Refusal)
    /// Sent when there is no order to repeat.
    case heartbeat
    /// The coordinator does not know this connection: the worker has to send HELLO.
    case introduce
    /// The coordinator still prepares the run: the worker repeats its HELLO, and does not give up.
    case preparing
    case contentChunk(ContentChunk)
    /// The membership changes: quiesce, report the position, and wait for the view of this generation. Repeated until
    /// it is answered by `ready`.
    case reconfigure(generation: UInt64)
    /// A new view: connect to its members. Repeated until it is answered by `linked`.
    case view(View)
    /// Steps below a limit may be started. Repeated as the heartbeat of training.
    case grant(Grant)
    /// Compute until the grant's limit is reached, then end. Repeated as the heartbeat of stopping.
    case stop(Grant)
    /// A chunk of state arrived.
    case stateReceived(name: StateName, offset: UInt64)
    /// Serialize the present state, and send it.
    case sendState(StatePurpose)
    /// The run ended as planned.
    case end(reason: String)
    /// The run failed, or the worker is evicted: leave with this exit code.
    case abort(exitCode: Int32, reason: String)
    /// The answer to an observer.
    case information(Information)
}

/// One of the coordinators of a run. The fields of each message that it sends follow it.
///
/// The job has 128 random bits; a term rises with each coordinator of a run, and 64 bits never run out.
package struct CoordinatorIdentity: Sendable, Hashable {
    package var job: JobIdentifier
    /// Number of the coordinator among those of the run, from 1.
    package var term: UInt64

    package init(job: JobIdentifier, term: UInt64) {
        self.job = job
        self.term = term
    }

    /// A coordinator that has not taken the lead of its run yet.
    package static let preparing = CoordinatorIdentity(job: JobIdentifier(high: 0, low: 0), term: 0)
}

extension CoordinatorIdentity: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(job)
        writer.integer(term)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        job = try reader.value(JobIdentifier.self)
        term = try reader.number("term")
    }
}

/// A message with the coordinator that sends it.
package struct CoordinatorEnvelope: Sendable, Equatable {
    package var sender: CoordinatorIdentity
    package var message: CoordinatorMessage

    package init(sender: CoordinatorIdentity, message: CoordinatorMessage) {
        self.sender = sender
        self.message = message
    }

    /// The message's bytes: at most `WireLimits.messageByteCount`.
    package func encoded() -> [UInt8] {
        var writer = MessageWriter(type: message.type, reservingByteCount: message.reservedByteCount)
        writer.value(sender)
        message.encode(into: &writer)
        return writer.finish()
    }

    /// Decodes a message. Never traps, whatever the bytes are.
    package init(decoding bytes: [UInt8]) throws(MessageError) {
        var reader = try MessageReader(bytes)
        sender = try reader.value(CoordinatorIdentity.self)
        message = try CoordinatorMessage(from: &reader)
        try reader.finish()
    }
}

extension CoordinatorMessage {
    /// Whether a coordinator sends it to a worker that it does not know.
    var concernsUnknownWorkers: Bool {
        switch self {
        case .introduce, .refused, .preparing: true
        default: false
        }
    }

    fileprivate func encode(into writer: inout MessageWriter) {
        switch self {
        case .welcome(let welcome): writer.value(welcome)
        case .refused(let refusal): writer.value(refusal)
        case .heartbeat, .introduce, .preparing: break
        case .contentChunk(let chunk): writer.value(chunk)
        case .view(let view): writer.value(view)
        case .reconfigure(let generation): writer.integer(generation)
        case .grant(let grant), .stop(let grant): writer.value(grant)
        case .stateReceived(let name, let offset):
            writer.value(name)
            writer.integer(offset)
        case .sendState(let purpose): writer.value(purpose)
        case .end(let reason): writer.line(reason, limit: WireLimits.textByteCount)
        case .abort(let exitCode, let reason):
            writer.integer(exitCode)
            writer.line(reason, limit: WireLimits.textByteCount)
        case .information(let information): writer.value(information)
        }
    }

    fileprivate init(from reader: inout MessageReader) throws(MessageError) {
        switch reader.type {
        case 129: self = .welcome(try reader.value(Welcome.self))
        case 130: self = .refused(try reader.value(Refusal.self))
        case 131: self = .heartbeat
        case 132: self = .contentChunk(try reader.value(ContentChunk.self))
        case 133: self = .view(try reader.value(View.self))
        case 134: self = .grant(try reader.value(Grant.self))
        case 135: self = .stop(try reader.value(Grant.self))
        case 136:
            self = .stateReceived(
                name: try reader.value(StateName.self),
                offset: try reader.integer(UInt64.self, "offset"))
        case 137: self = .sendState(try reader.value(StatePurpose.self))
        case 138: self = .end(reason: try reader.line("reason", limit: WireLimits.textByteCount))
        case 139:
            self = .abort(
                exitCode: try reader.integer(Int32.self, "exit code"),
                reason: try reader.line("reason", limit: WireLimits.textByteCount))
        case 140: self = .introduce
        case 142: self = .preparing
        case 141: self = .reconfigure(generation: try reader.number("generation"))
        case 143: self = .information(try reader.value(Information.self))
        default: throw .unknownType(reader.type)
        }
    }

    fileprivate var type: UInt8 {
        switch self {
        case .welcome: 129
        case .refused: 130
        case .heartbeat: 131
        case .contentChunk: 132
        case .view: 133
        case .grant: 134
        case .stop: 135
        case .stateReceived: 136
        case .sendState: 137
        case .end: 138
        case .abort: 139
        case .introduce: 140
        case .reconfigure: 141
        case .preparing: 142
        case .information: 143
        }
    }

    fileprivate var reservedByteCount: Int {
        switch self {
        case .contentChunk(let chunk): chunk.bytes.count + 64
        case .welcome(let welcome): welcome.experiment.utf8.count + 256
        default: 256
        }
    }
}
