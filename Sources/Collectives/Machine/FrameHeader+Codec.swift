import Core

/// Why bytes are not a frame header.
package enum FrameHeaderError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooShort(byteCount: Int)
    case wrongMagic
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
    case checksumMismatch
    /// The payload's length is not what the header announces.
    case wrongPayloadLength(byteCount: Int, expectedByteCount: Int)

    package var description: String {
        switch self {
        case .tooShort(let byteCount): "a frame of \(byteCount) bytes is too short for its header"
        case .wrongMagic: "a frame does not begin with Selvedge's mark: something else is connected to this port"
        case .unknownVersion(let version): "frame version \(version) is unknown: run the same build everywhere"
        case .unknownKind(let kind): "frame kind \(kind) is unknown: run the same build everywhere"
        case .checksumMismatch: "a frame header's checksum is wrong: it was damaged on the way"
        case .wrongPayloadLength(let byteCount, let expectedByteCount):
            "a frame announces \(expectedByteCount) bytes and carries \(byteCount)"
        }
    }
}

extension FrameHeader {
    static let magic: UInt32 = 0x4656_4C53
    static let version: UInt8 = 1

    /// CRC-32C of bytes, continuing from an earlier value (0 at the begin).
    package typealias Checksum = @Sendable (_ bytes: UnsafeRawBufferPointer, _ continuing: UInt32) -> UInt32

    /// Writes the header.
    ///
    /// - Precondition: `bytes` has room for 64 bytes; every field fits its width.
    package func encode(into bytes: UnsafeMutableRawPointer, checksum: Checksum) {
        func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
            bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        }
        store(Self.magic, at: 0)
        store(Self.version, at: 4)
        store(kind.rawValue, at: 5)
        store(requestedKind?.rawValue ?? 0, at: 6)
        store(UInt8(0), at: 7)
        store(job.high, at: 8)
        store(job.low, at: 16)
        store(generation, at: 24)
        store(step, at: 32)
        store(UInt32(bucket), at: 40)
        store(UInt32(elementOffset), at: 44)
        store(UInt32(elementCount), at: 48)
        store(UInt16(sender), at: 52)
        store(UInt16(node), at: 54)
        store(payloadChecksum, at: 56)
        store(checksum(UnsafeRawBufferPointer(start: bytes, count: 60), 0), at: 60)
    }

    /// Reads a header from the begin of `bytes`, which may be longer and at any alignment.
    package init(decoding bytes: UnsafeRawBufferPointer, checksum: Checksum) throws(FrameHeaderError) {
        guard bytes.count >= Self.byteCount else { throw .tooShort(byteCount: bytes.count) }
        func load<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        guard load(0, as: UInt32.self) == Self.magic else { throw .wrongMagic }
        guard load(4, as: UInt8.self) == Self.version else { throw .unknownVersion(load(4, as: UInt8.self)) }
        guard checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<60]), 0) == load(60, as: UInt32.self) else {
            throw .checksumMismatch
        }
        guard let kind = FrameKind(rawValue: load(5, as: UInt8.self)) else {
            throw .unknownKind(load(5, as: UInt8.self))
        }
        let requestedKind = FrameKind(rawValue: load(6, as: UInt8.self))
        let isRightlyRequested =
            kind == .resend ? requestedKind != nil && requestedKind != .resend : load(6, as: UInt8.self) == 0
        guard isRightlyRequested else {
            throw .unknownKind(load(6, as: UInt8.self))
        }
        self.init(
            kind: kind, job: JobIdentifier(high: load(8, as: UInt64.self), low: load(16, as: UInt64.self)),
            generation: load(24, as: UInt64.self), step: load(32, as: UInt64.self),
            bucket: Int(load(40, as: UInt32.self)), elementOffset: Int(load(44, as: UInt32.self)),
            elementCount: Int(load(48, as: UInt32.self)), sender: Int(load(52, as: UInt16.self)),
            node: Int(load(54, as: UInt16.self)), payloadChecksum: load(56, as: UInt32.self),
            requestedKind: requestedKind)
    }
}
