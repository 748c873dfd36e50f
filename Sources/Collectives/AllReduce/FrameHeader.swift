import Core

/// A frame's label and the checksum of its payload, as 64 little-endian bytes before the payload.
///
/// | offset | field | width, and why it is enough |
/// |---|---|---|
/// | 0 | magic `SLVF` | 4 |
/// | 4 | version | 1 |
/// | 5 | kind | 1 |
/// | 6 | in a resend frame the kind that is asked for, else zero | 1 |
/// | 7 | zero | 1 |
/// | 8 | job | 16, random |
/// | 24 | generation | 8, one a change of membership |
/// | 32 | step | 8 |
/// | 40 | bucket | 4, a model has fewer parameters than that |
/// | 44 | element offset in the bucket | 4, buckets have fewer than 2^31 elements |
/// | 48 | element count | 4 |
/// | 52 | sender | 2, a view has at most 512 ranks |
/// | 54 | tree node | 2, nodes are below 128 |
/// | 56 | CRC-32C of the payload | 4 |
/// | 60 | CRC-32C of the 60 bytes before | 4 |
package struct FrameHeader: Sendable, Hashable {
    package static let byteCount = 64
    private static let magic: UInt32 = 0x4656_4C53
    private static let version: UInt8 = 1
    private static let checkedByteCount = 60

    package var label: FrameLabel
    package var payloadChecksum: UInt32

    package init(_ label: FrameLabel, payloadChecksum: UInt32) {
        self.label = label
        self.payloadChecksum = payloadChecksum
    }

    /// Bytes of the payload that the label announces.
    package var payloadByteCount: Int { label.elementCount * label.kind.elementByteCount }

    /// Writes the header.
    ///
    /// - Precondition: `bytes` has room for 64 bytes; every field fits its width.
    package func encode(into bytes: UnsafeMutableRawPointer) {
        let memory = UnsafeMutableRawBufferPointer(start: bytes, count: Self.byteCount)
        var writer = MemoryWriter(memory)
        writer.append(Self.magic)
        writer.append(Self.version)
        writer.append(label.kind.rawValue)
        writer.append(label.requestedKind?.rawValue ?? 0)
        writer.append(UInt8(0))
        writer.append(label.job.high)
        writer.append(label.job.low)
        writer.append(label.generation)
        writer.append(label.step)
        writer.append(UInt32(label.bucket))
        writer.append(UInt32(label.elementOffset))
        writer.append(UInt32(label.elementCount))
        writer.append(UInt16(label.sender))
        writer.append(UInt16(label.node))
        writer.append(payloadChecksum)
        writer.append(Self.checksum(UnsafeRawBufferPointer(memory)))
    }

    /// Reads a header from the start of `bytes`, which may be longer and at any alignment.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FrameHeaderError) {
        var reader = ByteReader(bytes)
        guard let magic = reader.integer(UInt32.self), let version = reader.integer(UInt8.self),
            let kindValue = reader.integer(UInt8.self), let requestedValue = reader.integer(UInt8.self),
            reader.integer(UInt8.self) != nil,
            let jobHigh = reader.integer(UInt64.self), let jobLow = reader.integer(UInt64.self),
            let generation = reader.integer(UInt64.self), let step = reader.integer(UInt64.self),
            let bucket = reader.integer(UInt32.self), let elementOffset = reader.integer(UInt32.self),
            let elementCount = reader.integer(UInt32.self), let sender = reader.integer(UInt16.self),
            let node = reader.integer(UInt16.self), let payloadChecksum = reader.integer(UInt32.self),
            let checksum = reader.integer(UInt32.self)
        else { throw .tooShort(byteCount: bytes.count) }
        guard magic == Self.magic else { throw .wrongMagic }
        guard version == Self.version else { throw .unknownVersion(version) }
        guard checksum == Self.checksum(bytes) else { throw .checksumMismatch }
        guard let kind = FrameKind(rawValue: kindValue) else { throw .unknownKind(kindValue) }
        let requestedKind = FrameKind(rawValue: requestedValue)
        let isRequestValid =
            kind == .resend ? requestedKind != nil && requestedKind != .resend : requestedValue == 0
        guard isRequestValid else { throw .unknownKind(requestedValue) }
        label = FrameLabel(
            kind: kind, job: JobIdentifier(high: jobHigh, low: jobLow), generation: generation, step: step,
            bucket: Int(bucket), elementOffset: Int(elementOffset), elementCount: Int(elementCount),
            sender: Int(sender), node: Int(node), requestedKind: requestedKind)
        self.payloadChecksum = payloadChecksum
    }

    /// The checksum of the fields of an encoded header of at least 60 bytes.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<checkedByteCount]))
    }
}

extension FrameKind {
    /// Bytes of one element of the payload.
    fileprivate var elementByteCount: Int {
        switch self {
        case .contribution, .result: MemoryLayout<Float>.size
        case .statistics: MemoryLayout<Double>.size
        case .resend: 0
        }
    }
}

/// Why bytes are not a frame header.
package enum FrameHeaderError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooShort(byteCount: Int)
    case wrongMagic
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
    case checksumMismatch

    package var description: String {
        switch self {
        case .tooShort(let byteCount): "a frame of \(byteCount) bytes is too short for its header"
        case .wrongMagic: "a frame does not start with Selvedge's mark: something else is connected to this port"
        case .unknownVersion(let version): "frame version \(version) is unknown: run the same build everywhere"
        case .unknownKind(let kind): "frame kind \(kind) is unknown: run the same build everywhere"
        case .checksumMismatch: "a frame header's checksum is wrong: it was damaged on the way"
        }
    }
}
