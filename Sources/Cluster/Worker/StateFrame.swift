import Coordination
import Core

/// The fields before each piece of a serialized state on its way from one worker to another: 64 bytes, little-endian.
///
/// | offset | field |
/// |---|---|
/// | 0 | magic `SLVS` (4), version (1), zero (3) |
/// | 8 | job (16) |
/// | 24 | generation (8) |
/// | 32 | offset of the piece in the state (8) |
/// | 40 | bytes of the whole state (8) |
/// | 48 | sender's rank (4), zero (4) |
/// | 56 | CRC-32C of the payload (4), CRC-32C of the 60 bytes before (4) |
struct StateFrame: Equatable {
    static let byteCount = 64
    /// Bytes of each piece but the last.
    static let pieceByteCount = 1 << 19
    private static let magic: UInt32 = 0x5356_4C53
    private static let version: UInt32 = 1

    typealias Checksum = (UnsafeRawBufferPointer) -> UInt32

    var job: JobIdentifier
    var generation: UInt64
    var offset: UInt64
    var totalByteCount: UInt64
    var sender: Int
    var payloadChecksum: UInt32

    init(
        job: JobIdentifier, generation: UInt64, offset: UInt64, totalByteCount: UInt64, sender: Int,
        payloadChecksum: UInt32
    ) {
        self.job = job
        self.generation = generation
        self.offset = offset
        self.totalByteCount = totalByteCount
        self.sender = sender
        self.payloadChecksum = payloadChecksum
    }

    func encoded(checksum: Checksum) -> [UInt8] {
        var words = [
            UInt64(Self.magic) | UInt64(Self.version) << 32, job.high, job.low, generation, offset, totalByteCount,
            UInt64(UInt32(sender)), UInt64(payloadChecksum),
        ].map(\.littleEndian)
        let crc = words.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        words[7] = (UInt64(payloadChecksum) | UInt64(crc) << 32).littleEndian
        return words.withUnsafeBytes { Array($0) }
    }

    /// Nil for anything else than a whole and undamaged header within the protocol's limits.
    init?(_ header: SIMD8<UInt64>, checksum: Checksum) {
        let crc = withUnsafeBytes(of: header) { checksum(UnsafeRawBufferPointer(rebasing: $0[..<60])) }
        func word(_ index: Int) -> UInt64 { UInt64(littleEndian: header[index]) }
        guard word(0) == UInt64(Self.magic) | UInt64(Self.version) << 32, word(7) >> 32 == UInt64(crc),
            word(5) > 0, word(5) <= WireLimits.contentByteCount, word(4) < word(5),
            word(4) % UInt64(Self.pieceByteCount) == 0, word(6) < UInt64(WireLimits.workerCount)
        else { return nil }
        self.init(
            job: JobIdentifier(high: word(1), low: word(2)), generation: word(3), offset: word(4),
            totalByteCount: word(5), sender: Int(word(6)), payloadChecksum: UInt32(truncatingIfNeeded: word(7)))
    }

    /// Bytes that the piece has to have.
    var payloadByteCount: Int { Int(min(UInt64(Self.pieceByteCount), totalByteCount - offset)) }
}
