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
/// | 52 | sender | 2, a view has at most 1,024 ranks |
/// | 54 | tree node, or owner of relayed statistics | 2, nodes are below 2,048 |
/// | 56 | CRC-32C of the payload | 4 |
/// | 60 | CRC-32C of the 60 bytes before | 4 |
package struct FrameHeader: Sendable, Hashable {
    package static let byteCount = 64
    private static let magic: UInt32 = 0x4656_4C53
    private static let version: UInt8 = 2
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
        func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
            bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        }
        store(Self.magic, at: 0)
        store(Self.version, at: 4)
        store(label.kind.rawValue, at: 5)
        store(label.requestedKind?.rawValue ?? 0, at: 6)
        store(UInt8(0), at: 7)
        store(label.job.high, at: 8)
        store(label.job.low, at: 16)
        store(label.generation, at: 24)
        store(label.step, at: 32)
        store(UInt32(label.bucket), at: 40)
        store(UInt32(label.elementOffset), at: 44)
        store(UInt32(label.elementCount), at: 48)
        store(UInt16(label.sender), at: 52)
        store(UInt16(label.node), at: 54)
        store(payloadChecksum, at: 56)
        store(Self.checksum(UnsafeRawBufferPointer(start: bytes, count: Self.byteCount)), at: Self.checkedByteCount)
    }

    /// Reads a header from the start of `bytes`, which may be longer and at any alignment.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(FrameHeaderError) {
        guard bytes.count >= Self.byteCount else { throw .tooShort(byteCount: bytes.count) }
        func load<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        guard load(0, as: UInt32.self) == Self.magic else { throw .wrongMagic }
        guard load(4, as: UInt8.self) == Self.version else { throw .unknownVersion(load(4, as: UInt8.self)) }
        guard Self.checksum(bytes) == load(Self.checkedByteCount, as: UInt32.self) else { throw .checksumMismatch }
        guard let kind = FrameKind(rawValue: load(5, as: UInt8.self)) else {
            throw .unknownKind(load(5, as: UInt8.self))
        }
        let requestedKind = FrameKind(rawValue: load(6, as: UInt8.self))
        let isRequestValid =
            kind == .resend ? requestedKind != nil && requestedKind != .resend : load(6, as: UInt8.self) == 0
        guard isRequestValid else {
            throw .unknownKind(load(6, as: UInt8.self))
        }
        label = FrameLabel(
            kind: kind, job: JobIdentifier(high: load(8, as: UInt64.self), low: load(16, as: UInt64.self)),
            generation: load(24, as: UInt64.self), step: load(32, as: UInt64.self),
            bucket: Int(load(40, as: UInt32.self)), elementOffset: Int(load(44, as: UInt32.self)),
            elementCount: Int(load(48, as: UInt32.self)), sender: Int(load(52, as: UInt16.self)),
            node: Int(load(54, as: UInt16.self)), requestedKind: requestedKind)
        payloadChecksum = load(56, as: UInt32.self)
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
        case .statistics, .relayedStatistics: MemoryLayout<Double>.size
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
