/// Why a worker sends its serialized state.
package enum StatePurpose: UInt8, Sendable, Hashable, CaseIterable {
    /// An epoch ended.
    case epochEnd = 0
    /// Training stopped inside an epoch because it was interrupted.
    case stop = 1
    /// A value was not finite; this is the state before that step.
    case diverged = 2
    /// Two workers computed different gradients from it; the coordinator re-executes the step.
    case audit = 3
    /// Workers hold different states; the coordinator compares their tensors.
    case comparison = 4
    /// Too few workers are left to continue; this is the furthest state.
    case rescue = 5

    /// Whether the coordinator requests it from one worker; all other states come from rank 0.
    package var isRequested: Bool {
        switch self {
        case .diverged, .audit, .comparison, .rescue: true
        case .epochEnd, .stop: false
        }
    }
}

extension StatePurpose: WireValue {}

/// Names one serialized state.
package struct StateName: Sendable, Hashable {
    package var purpose: StatePurpose
    /// Steps that are complete in it.
    package var completedSteps: UInt64
    /// Epochs that are complete in it.
    package var completedEpochs: UInt32

    package init(purpose: StatePurpose, completedSteps: UInt64, completedEpochs: UInt32) {
        self.purpose = purpose
        self.completedSteps = completedSteps
        self.completedEpochs = completedEpochs
    }
}

extension StateName: WireValue {
    func encode(into writer: inout MessageWriter) {
        writer.value(purpose)
        writer.integer(completedSteps)
        writer.integer(completedEpochs)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        purpose = try reader.value(StatePurpose.self)
        completedSteps = try reader.number("completed steps")
        completedEpochs = try reader.integer(UInt32.self, "completed epochs")
    }
}

/// A chunk of a serialized state for the coordinator: ``WireLimits/chunkByteCount`` bytes at a multiple of that, or
/// fewer at the end. Offset and size have 64 bits, because a state may be larger than 4 GiB.
package struct StateChunk: Sendable, Equatable {
    package var name: StateName
    package var offset: UInt64
    package var totalByteCount: UInt64
    /// CRC-32C of `bytes`.
    package var checksum: UInt32
    package var bytes: [UInt8]

    package init(name: StateName, offset: UInt64, totalByteCount: UInt64, checksum: UInt32, bytes: [UInt8]) {
        self.name = name
        self.offset = offset
        self.totalByteCount = totalByteCount
        self.checksum = checksum
        self.bytes = bytes
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
