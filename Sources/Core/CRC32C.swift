import CPlatform

/// The checksum CRC-32C (Castagnoli; reflected polynomial 0x82F63B78), which protects frames, chunks and journal
/// records against accidental damage. It is not zlib's CRC-32.
package enum CRC32C {
    /// The checksum of some bytes, at any alignment.
    ///
    /// To checksum a text in pieces, pass the checksum of the pieces before as `continuing`. Uses the processor's wide
    /// multiplication without carries where there is one (about 16 bytes a cycle), or its instruction (8), else a table
    /// (1 byte in several cycles); allocates nothing.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
        guard bytes.count >= wideByteCount, selvedge_crc32c_wide_supported() != 0, let start = bytes.baseAddress else {
            return checksumByInstruction(bytes, continuing: continuing)
        }
        return ~selvedge_crc32c_wide(~continuing, start, bytes.count)
    }

    /// From so many bytes on the wide multiplication repays its start and end.
    private static let wideByteCount = 1024

    /// The same checksum without the wide multiplication.
    static func checksumByInstruction(_ bytes: UnsafeRawBufferPointer, continuing: UInt32) -> UInt32 {
        guard let start = bytes.baseAddress else { return continuing }
        guard selvedge_crc32c_supported() != 0 else { return checksumByTable(bytes, continuing: continuing) }
        return ~selvedge_crc32c(~continuing, start, bytes.count)
    }

    /// The checksum of an array's bytes.
    package static func checksum(_ bytes: [UInt8], continuing: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0, continuing: continuing) }
    }

    /// The same checksum with one table look-up a byte.
    static func checksumByTable(_ bytes: UnsafeRawBufferPointer, continuing: UInt32) -> UInt32 {
        var state = ~continuing
        table.withUnsafeBufferPointer { table in
            for byte in bytes {
                state = state >> 8 ^ table[Int((state ^ UInt32(byte)) & 0xFF)]
            }
        }
        return ~state
    }

    /// The register after each byte value's eight bits.
    private static let table: [UInt32] = (0..<256).map { value in
        (0..<8).reduce(UInt32(value)) { state, _ in
            state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1
        }
    }
}
