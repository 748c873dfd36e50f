import Core

extension Welcome: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(term)
        writer.value(job)
        writer.integer(workerIdentifier)
        writer.text(experiment, limit: WireLimits.experimentByteCount)
        writer.list(data, limit: WireLimits.contentCount)
        writer.optional(state)
        writer.value(records)
        writer.value(settings)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        term = try reader.integer(UInt64.self, "term")
        job = try reader.value(JobIdentifier.self)
        workerIdentifier = try reader.integer(UInt32.self, "worker")
        experiment = try reader.text("experiment", limit: WireLimits.experimentByteCount)
        data = try reader.list(ContentDescription.self, "data", limit: WireLimits.contentCount)
        state = try reader.optional(ContentDescription.self, "state")
        records = try reader.value(Records.self)
        settings = try reader.value(RunSettings.self)
    }
}

extension Records: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epochs)
        writer.integer(savedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epochs = try reader.integer(UInt32.self, "recorded epochs")
        savedEpochs = try reader.integer(UInt32.self, "saved epochs")
    }
}

extension Grant: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(stepLimit)
        writer.value(records)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        stepLimit = try reader.number("step limit")
        records = try reader.value(Records.self)
    }
}

extension RunSettings: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(heartbeatIntervalMilliseconds)
        writer.integer(coordinatorSilenceMilliseconds)
        writer.integer(successorMilliseconds)
        writer.integer(checkpointEpochInterval)
        writer.integer(auditMillionths)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        heartbeatIntervalMilliseconds = try reader.integer(UInt32.self, "heartbeat interval")
        coordinatorSilenceMilliseconds = try reader.integer(UInt32.self, "silence deadline")
        successorMilliseconds = try reader.integer(UInt32.self, "successor deadline")
        checkpointEpochInterval = try reader.integer(UInt32.self, "checkpoint interval")
        auditMillionths = try reader.integer(UInt32.self, "audit share")
        guard heartbeatIntervalMilliseconds > 0, coordinatorSilenceMilliseconds > 0, successorMilliseconds > 0,
            checkpointEpochInterval > 0, auditMillionths <= 1_000_000
        else { throw .invalid(field: "settings") }
    }
}

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

extension ContentChunk: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(content)
        writer.integer(chunk)
        writer.integer(checksum)
        writer.block(bytes, limit: WireLimits.chunkByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        content = try reader.value(ContentIdentifier.self)
        chunk = try reader.integer(UInt32.self, "chunk number")
        checksum = try reader.integer(UInt32.self, "checksum")
        bytes = try reader.block("chunk", limit: WireLimits.chunkByteCount)
    }
}
