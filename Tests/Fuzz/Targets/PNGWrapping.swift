/// PNG files around any bytes, with right lengths and checksums, so that a fuzzer reaches the filters of rows.
enum PNGWrapping {
    /// A picture of 1 to 16 pixels each way; the first bytes choose its size and colours, the others are its filtered
    /// rows.
    static func file(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > 3 else { return [] }
        let (width, height, isColoured) = (bytes[0] % 16 + 1, bytes[1] % 16 + 1, bytes[2] % 2 == 1)
        let rowByteCount = 1 + Int(width) * (isColoured ? 3 : 1)
        var rows = Array(bytes.dropFirst(3).prefix(rowByteCount * Int(height)))
        rows += [UInt8](repeating: 0, count: rowByteCount * Int(height) - rows.count)
        let header: [UInt8] = [0, 0, 0, width, 0, 0, 0, height, 8, isColoured ? 2 : 0, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + chunk("IDAT", stored(rows))
            + chunk("IEND", [])
    }

    private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + body + bigEndian(checksum(body))
    }

    /// A zlib stream of one stored block (RFC 1950 and 1951).
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        let count = UInt16(content.count)
        let lengths = [count, ~count].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in content {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return [0x78, 0x01, 1] + lengths + content + bigEndian(high << 16 | low)
    }

    /// CRC-32 as in ISO 3309, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~remainder
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
}
