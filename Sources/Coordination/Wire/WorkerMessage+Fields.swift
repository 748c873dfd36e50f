import Core

extension Hello: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.line(name, limit: WireLimits.nameByteCount)
        writer.line(host, limit: WireLimits.nameByteCount)
        writer.integer(processIdentifier)
        writer.line(build, limit: WireLimits.nameByteCount)
        writer.integer(arithmeticVersion)
        writer.line(instructionSet, limit: WireLimits.nameByteCount)
        writer.list(dataDigests, limit: WireLimits.contentCount)
        writer.optional(experimentDigest)
        writer.line(inboxAddress, limit: WireLimits.nameByteCount)
        writer.integer(threadCount)
        writer.optional(attachment)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        name = try reader.line("name", limit: WireLimits.nameByteCount)
        host = try reader.line("host", limit: WireLimits.nameByteCount)
        processIdentifier = try reader.integer(Int32.self, "process")
        build = try reader.line("build", limit: WireLimits.nameByteCount)
        arithmeticVersion = try reader.integer(UInt32.self, "arithmetic version")
        instructionSet = try reader.line("instruction set", limit: WireLimits.nameByteCount)
        dataDigests = try reader.list(SHA256Digest.self, "data digests", limit: WireLimits.contentCount)
        experimentDigest = try reader.optional(SHA256Digest.self, "experiment digest")
        inboxAddress = try reader.line("inbox address", limit: WireLimits.nameByteCount)
        threadCount = try reader.integer(UInt32.self, "threads")
        attachment = try reader.optional(Attachment.self, "attachment")
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

extension RunningMeasures: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epoch)
        writer.double(loss)
        writer.double(accuracy)
        writer.double(samplesPerSecond)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epoch = try reader.integer(UInt32.self, "epoch")
        loss = try reader.double("loss")
        accuracy = try reader.double("accuracy")
        samplesPerSecond = try reader.double("samples per second")
    }
}

extension Progress: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(completedSteps)
        writer.value(phase)
        writer.integer(counter)
        writer.integer(microBatchNanoseconds)
        writer.optional(measures)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        completedSteps = try reader.number("completed steps")
        phase = try reader.value(WorkerPhase.self)
        counter = try reader.integer(UInt64.self, "counter")
        microBatchNanoseconds = try reader.integer(UInt64.self, "time of a micro-batch")
        measures = try reader.optional(RunningMeasures.self, "measures")
    }
}

extension StepDigests: WireValue {
    func encode(into writer: inout MessageWriter) {
        precondition(digests.count <= WireLimits.stepDigestCount, "too many step digests for one message")
        writer.integer(generation)
        writer.integer(firstStep)
        writer.integer(UInt32(digests.count))
        for digest in digests {
            writer.integer(digest)
        }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        firstStep = try reader.number("first step")
        let count = try reader.integer(UInt32.self, "step digests")
        guard count <= WireLimits.stepDigestCount else { throw .tooLong(field: "step digests") }
        digests = []
        for _ in 0..<count {
            digests.append(try reader.integer(UInt64.self, "step digest"))
        }
    }
}

extension ContentRequest: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(content)
        writer.integer(firstChunk)
        writer.integer(chunkCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        content = try reader.value(ContentIdentifier.self)
        firstChunk = try reader.integer(UInt32.self, "first chunk")
        chunkCount = try reader.integer(UInt32.self, "chunks")
        guard chunkCount > 0, chunkCount <= WireLimits.requestedChunkCount else { throw .invalid(field: "chunks") }
    }
}

extension Ready: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.value(position)
        writer.digest(stateDigest)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        position = try reader.value(Position.self)
        stateDigest = try reader.digest("state digest")
    }
}

extension Linked: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.digest(stateDigest)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        stateDigest = try reader.digest("state digest")
    }
}

extension EpochEnded: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(epoch)
        writer.integer(completedSteps)
        writer.block(row, limit: WireLimits.rowByteCount)
        writer.optional(stateDigest)
        writer.boolean(bestImproved)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        epoch = try reader.integer(UInt32.self, "epoch")
        completedSteps = try reader.number("completed steps")
        row = try reader.block("row", limit: WireLimits.rowByteCount)
        stateDigest = try reader.optional(SHA256Digest.self, "state digest")
        bestImproved = try reader.boolean("best improved")
    }
}

extension StateChunk: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(name)
        writer.integer(offset)
        writer.integer(totalByteCount)
        writer.integer(checksum)
        writer.block(bytes, limit: WireLimits.chunkByteCount)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        name = try reader.value(StateName.self)
        offset = try reader.integer(UInt64.self, "offset")
        totalByteCount = try reader.integer(UInt64.self, "state size")
        guard totalByteCount <= WireLimits.contentByteCount else { throw .tooLong(field: "state size") }
        checksum = try reader.integer(UInt32.self, "checksum")
        bytes = try reader.block("chunk", limit: WireLimits.chunkByteCount)
    }
}

extension Done: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.integer(generation)
        writer.integer(completedSteps)
        writer.digest(stateDigest)
        writer.boolean(isComplete)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        completedSteps = try reader.number("completed steps")
        stateDigest = try reader.digest("state digest")
        isComplete = try reader.boolean("complete")
    }
}
