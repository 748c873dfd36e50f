import Core

/// What workers send each other, as a frame without payload, before they exchange frames through memory: 64 bytes,
/// little-endian.
///
/// | offset | field |
/// |---|---|
/// | 0 | magic `SLVM` (4), version (2), kind (2) |
/// | 8 | job (16) |
/// | 24 | generation (8) |
/// | 32 | sender's rank (4), process (4) |
/// | 40 | descriptors of the segment (4) and of the doorbell's writing end (4) |
/// | 48 | nonce (8), which the segment starts with |
/// | 56 | number of the host, CRC-32C of the 60 bytes before (4) |
struct SegmentOffer: Equatable {
    enum Kind: UInt16 {
        /// Map this segment.
        case offer = 1
        /// The receiver's segment is mapped.
        case accepted
        /// The receiver's segment cannot be mapped, or is not wanted.
        case refused
    }

    private static let magic: UInt64 = 0x4D56_4C53
    private static let version: UInt64 = 1

    var kind: Kind
    var job: JobIdentifier
    var generation: UInt64
    var sender: Int
    var processIdentifier: Int32
    var segmentDescriptor: Int32
    var doorbellDescriptor: Int32
    var nonce: UInt64
    var host: UInt32

    var encoded: SIMD8<UInt64> {
        var words = SIMD8<UInt64>(
            Self.magic | Self.version << 32 | UInt64(kind.rawValue) << 48, job.high, job.low, generation,
            UInt64(UInt32(sender)) | UInt64(UInt32(bitPattern: processIdentifier)) << 32,
            UInt64(UInt32(bitPattern: segmentDescriptor)) | UInt64(UInt32(bitPattern: doorbellDescriptor)) << 32,
            nonce, UInt64(host))
        for index in 0..<8 { words[index] = words[index].littleEndian }
        let checksum = withUnsafeBytes(of: words) { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        words[7] = (UInt64(host) | UInt64(checksum) << 32).littleEndian
        return words
    }

    init(
        kind: Kind, job: JobIdentifier, generation: UInt64, sender: Int, processIdentifier: Int32 = 0,
        segmentDescriptor: Int32 = -1, doorbellDescriptor: Int32 = -1, nonce: UInt64 = 0, host: UInt32 = 0
    ) {
        self.kind = kind
        self.job = job
        self.generation = generation
        self.sender = sender
        self.processIdentifier = processIdentifier
        self.segmentDescriptor = segmentDescriptor
        self.doorbellDescriptor = doorbellDescriptor
        self.nonce = nonce
        self.host = host
    }

    /// Whether a frame is an offer or its answer.
    static func isOffer(_ header: SIMD8<UInt64>) -> Bool {
        UInt64(littleEndian: header[0]) & 0xFFFF_FFFF == magic
    }

    /// Nil for another kind of frame, and for a damaged one.
    init?(_ header: SIMD8<UInt64>) {
        func word(_ index: Int) -> UInt64 { UInt64(littleEndian: header[index]) }
        func low(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: word(index)) }
        func high(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: word(index) >> 32) }
        let checksum = withUnsafeBytes(of: header) { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        guard word(0) & 0xFFFF_FFFF_FFFF == Self.magic | Self.version << 32,
            let kind = Kind(rawValue: UInt16(word(0) >> 48)), word(7) >> 32 == UInt64(checksum), low(4) >= 0
        else { return nil }
        self.init(
            kind: kind, job: JobIdentifier(high: word(1), low: word(2)), generation: word(3), sender: Int(low(4)),
            processIdentifier: high(4), segmentDescriptor: low(5), doorbellDescriptor: high(5), nonce: word(6),
            host: UInt32(truncatingIfNeeded: word(7)))
    }
}
