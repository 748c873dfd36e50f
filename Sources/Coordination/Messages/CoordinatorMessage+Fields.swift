extension Welcome: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(job.high)
        writer.integer(job.low)
        writer.integer(workerIdentifier)
        writer.text(experiment, limit: WireLimits.experimentByteCount)
        writer.list(data, limit: WireLimits.contentCount)
        writer.optional(state)
        writer.value(settings)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let high = try reader.integer(UInt64.self, "job")
        job = JobIdentifier(high: high, low: try reader.integer(UInt64.self, "job"))
        workerIdentifier = try reader.integer(UInt32.self, "worker")
        experiment = try reader.text("experiment", limit: WireLimits.experimentByteCount)
        data = try reader.list(ContentDescription.self, "data", limit: WireLimits.contentCount)
        state = try reader.optional(ContentDescription.self, "state")
        settings = try reader.value(RunSettings.self)
    }
}

extension RunSettings: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(heartbeatIntervalMilliseconds)
        writer.integer(coordinatorSilenceMilliseconds)
        writer.integer(checkpointEpochInterval)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        heartbeatIntervalMilliseconds = try reader.integer(UInt32.self, "heartbeat interval")
        coordinatorSilenceMilliseconds = try reader.integer(UInt32.self, "silence deadline")
        checkpointEpochInterval = try reader.integer(UInt32.self, "checkpoint interval")
        guard heartbeatIntervalMilliseconds > 0, coordinatorSilenceMilliseconds > 0, checkpointEpochInterval > 0
        else { throw .invalid(field: "settings") }
    }
}

extension Refusal: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(kind)
        writer.text(reason, limit: WireLimits.textByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        kind = try reader.value(Kind.self)
        reason = try reader.text("reason", limit: WireLimits.textByteCount)
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
