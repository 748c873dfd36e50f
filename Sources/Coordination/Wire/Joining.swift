package import Core

/// A worker introduces itself. It repeats the message until it is answered.
///
/// Texts have 32-bit lengths and at most ``WireLimits/nameByteCount`` bytes. Process identifiers are 32-bit on Linux;
/// versions, threads and counts of data sets are small numbers.
package struct Hello: Sendable, Equatable {
    /// Unique among the workers of a run; for people, like host and process identifier.
    package var name: String
    /// Tells the process apart from every other one: a process that is started again has another nonce.
    package var nonce: ProcessNonce
    package var host: String
    /// Equal for all workers that share a host's memory, in containers too.
    package var hostIdentifier: HostIdentifier
    /// Where the process identifier is valid.
    package var processSpace: ProcessSpace
    package var processIdentifier: Int32
    /// The program's release, for messages only.
    package var build: String
    /// Workers with different arithmetic would not compute the same bits.
    package var arithmeticVersion: UInt32
    package var instructionSet: String
    /// Data sets that it can read itself.
    package var dataDigests: [SHA256Digest]
    /// The experiment that it was started with, if any; another one is refused.
    package var experimentDigest: SHA256Digest?
    package var inboxAddress: String
    /// With it the worker sends frames to others, and proves to them that its inbox is its own; nil without keys.
    package var inboxKey: PublicKey?
    package var threadCount: UInt32
    /// What a worker that was welcomed before holds; nil for a new one.
    package var attachment: Attachment?

    package init(
        name: String, nonce: ProcessNonce, host: String, hostIdentifier: HostIdentifier, processSpace: ProcessSpace,
        processIdentifier: Int32, build: String, arithmeticVersion: UInt32, instructionSet: String,
        dataDigests: [SHA256Digest], experimentDigest: SHA256Digest? = nil, inboxAddress: String,
        inboxKey: PublicKey? = nil, threadCount: UInt32
    ) {
        self.name = name
        self.nonce = nonce
        self.host = host
        self.hostIdentifier = hostIdentifier
        self.processSpace = processSpace
        self.processIdentifier = processIdentifier
        self.build = build
        self.arithmeticVersion = arithmeticVersion
        self.instructionSet = instructionSet
        self.dataDigests = dataDigests
        self.experimentDigest = experimentDigest
        self.inboxAddress = inboxAddress
        self.inboxKey = inboxKey
        self.threadCount = threadCount
    }
}

extension Hello: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.line(name, limit: WireLimits.nameByteCount)
        writer.value(nonce)
        writer.line(host, limit: WireLimits.nameByteCount)
        writer.value(hostIdentifier)
        writer.value(processSpace)
        writer.integer(processIdentifier)
        writer.line(build, limit: WireLimits.nameByteCount)
        writer.integer(arithmeticVersion)
        writer.line(instructionSet, limit: WireLimits.nameByteCount)
        writer.list(dataDigests, limit: WireLimits.contentCount)
        writer.optional(experimentDigest)
        writer.line(inboxAddress, limit: WireLimits.nameByteCount)
        writer.optional(inboxKey)
        writer.integer(threadCount)
        writer.optional(attachment)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        name = try reader.line("name", limit: WireLimits.nameByteCount)
        nonce = try reader.value(ProcessNonce.self)
        host = try reader.line("host", limit: WireLimits.nameByteCount)
        hostIdentifier = try reader.value(HostIdentifier.self)
        processSpace = try reader.value(ProcessSpace.self)
        processIdentifier = try reader.integer(Int32.self, "process")
        build = try reader.line("build", limit: WireLimits.nameByteCount)
        arithmeticVersion = try reader.integer(UInt32.self, "arithmetic version")
        instructionSet = try reader.line("instruction set", limit: WireLimits.nameByteCount)
        dataDigests = try reader.list(SHA256Digest.self, "data digests", limit: WireLimits.contentCount)
        experimentDigest = try reader.optional(SHA256Digest.self, "experiment digest")
        inboxAddress = try reader.line("inbox address", limit: WireLimits.nameByteCount)
        inboxKey = try reader.optional(PublicKey.self, "inbox key")
        threadCount = try reader.integer(UInt32.self, "threads")
        attachment = try reader.optional(Attachment.self, "attachment")
    }
}

/// What a worker brings that was welcomed by an earlier coordinator, or by this one before a lost connection.
package struct Attachment: Sendable, Equatable {
    package var job: JobIdentifier
    /// The highest generation that it has received.
    package var generation: UInt64
    /// Whether it holds a state of the run.
    package var holdsState: Bool

    package init(job: JobIdentifier, generation: UInt64, holdsState: Bool) {
        self.job = job
        self.generation = generation
        self.holdsState = holdsState
    }
}

extension Attachment: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(job)
        writer.integer(generation)
        writer.boolean(holdsState)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        job = try reader.value(JobIdentifier.self)
        generation = try reader.number("generation")
        holdsState = try reader.boolean("holds state")
    }
}

/// The answer to an admitted worker.
///
/// A coordinator keeps at most ``WireLimits/workerCount`` workers, so 32-bit worker identifiers last for millions of
/// restarts. The experiment has a 32-bit length and at most ``WireLimits/experimentByteCount`` bytes.
package struct Welcome: Sendable, Equatable {
    package var workerIdentifier: UInt32
    /// The resolved experiment in its canonical form.
    package var experiment: String
    /// The data sets that it needs.
    package var data: [ContentDescription]
    /// The state to resume from; nil starts from the experiment's seed.
    package var state: ContentDescription?
    package var records: Records
    package var timing: WorkerTiming
    package var settings: RunSettings

    package init(
        workerIdentifier: UInt32, experiment: String, data: [ContentDescription], state: ContentDescription?,
        records: Records, timing: WorkerTiming, settings: RunSettings
    ) {
        self.workerIdentifier = workerIdentifier
        self.experiment = experiment
        self.data = data
        self.state = state
        self.records = records
        self.timing = timing
        self.settings = settings
    }
}

extension Welcome: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(workerIdentifier)
        writer.text(experiment, limit: WireLimits.experimentByteCount)
        writer.list(data, limit: WireLimits.contentCount)
        writer.optional(state)
        writer.value(records)
        writer.value(timing)
        writer.value(settings)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        workerIdentifier = try reader.integer(UInt32.self, "worker")
        experiment = try reader.text("experiment", limit: WireLimits.experimentByteCount)
        data = try reader.list(ContentDescription.self, "data", limit: WireLimits.contentCount)
        state = try reader.optional(ContentDescription.self, "state")
        records = try reader.value(Records.self)
        timing = try reader.value(WorkerTiming.self)
        settings = try reader.value(RunSettings.self)
    }
}

/// How often a worker sends heartbeats, and when it looks for another coordinator. 32-bit milliseconds reach 49 days.
package struct WorkerTiming: Sendable, Equatable {
    package var heartbeatIntervalMilliseconds: UInt32
    /// After so much silence the worker looks for the coordinator's successor.
    package var coordinatorSilenceMilliseconds: UInt32

    package init(heartbeatIntervalMilliseconds: UInt32, coordinatorSilenceMilliseconds: UInt32) {
        self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
        self.coordinatorSilenceMilliseconds = coordinatorSilenceMilliseconds
    }
}

extension WorkerTiming: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(heartbeatIntervalMilliseconds)
        writer.integer(coordinatorSilenceMilliseconds)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        heartbeatIntervalMilliseconds = try reader.integer(UInt32.self, "heartbeat interval")
        coordinatorSilenceMilliseconds = try reader.integer(UInt32.self, "silence deadline")
        guard heartbeatIntervalMilliseconds > 0, coordinatorSilenceMilliseconds > 0 else {
            throw .invalid(field: "timing")
        }
    }
}

/// The share of gradients that a second worker recomputes, from none to all.
package struct AuditShare: Sendable, Hashable {
    /// In millionths, so that all processes of a run compute with the same number.
    package let millionths: UInt32

    package static let none = AuditShare(uncheckedMillionths: 0)
    package static let all = AuditShare(uncheckedMillionths: 1_000_000)

    /// Nil beyond one million.
    package init?(millionths: UInt32) {
        guard millionths <= Self.all.millionths else { return nil }
        self.millionths = millionths
    }

    /// A fraction from 0 to 1, rounded to millionths; nil for any other number.
    package init?(fraction: Double) {
        guard (0...1).contains(fraction) else { return nil }
        millionths = UInt32((fraction * Double(Self.all.millionths)).rounded())
    }

    private init(uncheckedMillionths: UInt32) {
        millionths = uncheckedMillionths
    }

    package var isNone: Bool { millionths == 0 }

    /// From 0 to 1.
    package var fraction: Double { Double(millionths) / Double(Self.all.millionths) }
}

/// Why a worker may not take part.
package struct Refusal: Sendable, Equatable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        case protocolVersion = 0
        case arithmeticVersion = 1
        case experiment = 2
        case duplicate = 3
        case tooMany = 4
        case ended = 5
        case unreachableInbox = 6
    }

    package var kind: Kind
    /// One line with both sides' values.
    package var reason: String

    package init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

extension Refusal {
    /// With which a refused worker leaves.
    var exitCode: Int32 {
        switch kind {
        case .protocolVersion, .arithmeticVersion, .experiment, .duplicate, .unreachableInbox: ProcessExitCode.usage
        case .tooMany, .ended: ProcessExitCode.unreachable
        }
    }
}

extension Refusal.Kind: WireValue {}

extension Refusal: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(kind)
        writer.line(reason, limit: WireLimits.textByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        kind = try reader.value(Kind.self)
        reason = try reader.line("reason", limit: WireLimits.textByteCount)
    }
}
