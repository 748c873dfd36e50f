extension CRC32C {
    /// The same checksum without the instruction: one table look-up a byte.
    static func checksumByTable(_ bytes: UnsafeRawBufferPointer, continuing: UInt32) -> UInt32 {
        var state = ~continuing
        table.withUnsafeBufferPointer { table in
            for byte in bytes {
                state = state >> 8 ^ table[Int((state ^ UInt32(byte)) & 0xFF)]
            }
        }
        return ~state
    }

    /// What each byte value leaves in the register after its eight bits.
    private static let table: [UInt32] = (0..<256).map { value in
        (0..<8).reduce(UInt32(value)) { state, _ in
            state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1
        }
    }
}
