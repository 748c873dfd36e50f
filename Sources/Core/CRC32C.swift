import CPlatform

/// The checksum CRC-32C (Castagnoli; reflected polynomial 0x82F63B78), which guards frames, chunks and journal records
/// against accidents. It is not zlib's CRC-32.
package enum CRC32C {
    /// The checksum of some bytes, at any alignment.
    ///
    /// To take the checksum of a text in pieces, give the checksum of the pieces before as `continuing`. Uses the
    /// processor's instruction where there is one (about 8 bytes a cycle), else a table (1 byte in several cycles); allocates
    /// nothing.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return continuing }
        if selvedge_crc32c_supported() != 0 {
            return ~selvedge_crc32c(~continuing, start, bytes.count)
        }
        return checksumByTable(bytes, continuing: continuing)
    }
}
