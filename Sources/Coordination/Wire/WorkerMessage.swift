/// What a worker sends to the coordinator. A new message gets a case here, the next free type below 128, and its fields
/// in the file of its family.
package enum WorkerMessage: Sendable, Equatable {
    case hello(Hello)
    /// The heartbeat.
    case progress(Progress)
    case reducedSteps(ReducedSteps)
    case contentRequest(ContentRequest)
    case ready(Ready)
    case linked(Linked)
    case epochEnded(EpochEnded)
    case validationCounts(ValidationCounts)
    case stateChunk(StateChunk)
    case failed(WorkerFailure)
    case done(Done)
    /// A signal asks it to leave. It stays until the coordinator ends it: then others hold its state, or it is saved.
    case leaving(signal: Int32)
    /// It leaves.
    case goodbye
    /// Of an observer, which is no worker.
    case inquiry(Inquiry)
    /// How its connections to other members were used.
    case links(LinkReport)
}

extension WorkerMessage {
    /// The message's bytes: at most `WireLimits.messageByteCount`.
    package func encoded() -> [UInt8] {
        var writer = MessageWriter(type: type, reservingByteCount: reservedByteCount)
        switch self {
        case .hello(let hello): writer.value(hello)
        case .progress(let progress): writer.value(progress)
        case .reducedSteps(let reduced): writer.value(reduced)
        case .contentRequest(let request): writer.value(request)
        case .ready(let ready): writer.value(ready)
        case .linked(let linked): writer.value(linked)
        case .epochEnded(let ended): writer.value(ended)
        case .validationCounts(let counts): writer.value(counts)
        case .stateChunk(let chunk): writer.value(chunk)
        case .failed(let failure): writer.value(failure)
        case .done(let done): writer.value(done)
        case .leaving(let signal): writer.integer(signal)
        case .inquiry(let inquiry): writer.value(inquiry)
        case .links(let report): writer.value(report)
        case .goodbye: break
        }
        return writer.finish()
    }

    /// Decodes a message. Never traps, whatever the bytes are.
    package init(decoding bytes: [UInt8]) throws(MessageError) {
        var reader = try MessageReader(bytes)
        switch reader.type {
        case 1: self = .hello(try reader.value(Hello.self))
        case 2: self = .progress(try reader.value(Progress.self))
        case 3: self = .reducedSteps(try reader.value(ReducedSteps.self))
        case 4: self = .contentRequest(try reader.value(ContentRequest.self))
        case 5: self = .ready(try reader.value(Ready.self))
        case 6: self = .epochEnded(try reader.value(EpochEnded.self))
        case 7: self = .stateChunk(try reader.value(StateChunk.self))
        case 8: self = .failed(try reader.value(WorkerFailure.self))
        case 9: self = .done(try reader.value(Done.self))
        case 10: self = .goodbye
        case 11: self = .linked(try reader.value(Linked.self))
        case 12:
            let signal = try reader.integer(Int32.self, "signal")
            guard 1...64 ~= signal else { throw .invalid(field: "signal") }
            self = .leaving(signal: signal)
        case 13: self = .inquiry(try reader.value(Inquiry.self))
        case 14: self = .links(try reader.value(LinkReport.self))
        case 15: self = .validationCounts(try reader.value(ValidationCounts.self))
        default: throw .unknownType(reader.type)
        }
        try reader.finish()
    }

    private var type: UInt8 {
        switch self {
        case .hello: 1
        case .progress: 2
        case .reducedSteps: 3
        case .contentRequest: 4
        case .ready: 5
        case .epochEnded: 6
        case .stateChunk: 7
        case .failed: 8
        case .done: 9
        case .goodbye: 10
        case .linked: 11
        case .leaving: 12
        case .inquiry: 13
        case .links: 14
        case .validationCounts: 15
        }
    }

    private var reservedByteCount: Int {
        switch self {
        case .stateChunk(let chunk): chunk.bytes.count + 64
        case .validationCounts(let counts): counts.counts.count * 4 + 64
        case .reducedSteps(let reduced): reduced.steps.count * ReducedStep.byteCount + 64
        case .links(let report): report.links.count * 32 + 64
        default: 256
        }
    }
}
