import TestSupport

@testable import Datasets

/// Writes PNG files for tests: any filter in any row, data in stored blocks.
struct PNGEncoder {
    var height: Int
    var width: Int
    var channels: Int
    var pixels: [UInt8]
    /// One a row.
    var filters: [UInt8]
    var dataChunkByteCount = 50

    init(height: Int, width: Int, channels: Int, pixels: [UInt8], filters: [UInt8]? = nil) {
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels
        self.filters = filters ?? (0..<height).map { UInt8($0 % 5) }
    }

    /// A grey picture of noise with every filter.
    static func sample() -> PNGEncoder {
        var generator = SeededGenerator(seed: 2)
        let pixels = (0..<70).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return PNGEncoder(height: 10, width: 7, channels: 1, pixels: pixels)
    }

    /// The content of the header chunk.
    var header: [UInt8] { Self.word(width) + Self.word(height) + [8, channels == 3 ? 2 : 0, 0, 0, 0] }

    /// A file with right checksums around a header and rows that need not fit together.
    static func file(header: [UInt8], rows: [UInt8]) -> [UInt8] {
        signature + chunk("IHDR", header) + chunk("IDAT", stored(rows)) + chunk("IEND", [])
    }

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    var bytes: [UInt8] {
        let data = Self.stored(filtered)
        var bytes = Self.signature + Self.chunk("IHDR", header)
        for begin in stride(from: 0, to: data.count, by: dataChunkByteCount) {
            bytes += Self.chunk("IDAT", Array(data[begin..<min(begin + dataChunkByteCount, data.count)]))
        }
        return bytes + Self.chunk("IEND", [])
    }

    /// Each row with its filter's number before it.
    var filtered: [UInt8] {
        var result: [UInt8] = []
        let rowByteCount = width * channels
        func pixel(_ y: Int, _ x: Int) -> Int { x < 0 || y < 0 ? 0 : Int(pixels[y * rowByteCount + x]) }
        for y in 0..<height {
            result.append(filters[y])
            for x in 0..<rowByteCount {
                let (a, b, c) = (pixel(y, x - channels), pixel(y - 1, x), pixel(y - 1, x - channels))
                let p = a + b - c
                let nearest = [a, b, c].min { abs(p - $0) < abs(p - $1) } ?? 0
                let prediction = [0, a, b, (a + b) / 2, nearest][Int(filters[y]) % 5]
                result.append(UInt8(truncatingIfNeeded: pixel(y, x) - prediction))
            }
        }
        return result
    }

    static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let checked = Array(type.utf8) + content
        return word(content.count) + checked + word(Int(crc(checked)))
    }

    /// A zlib stream of one stored block.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        let length = [UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8)]
        var (low, high) = (1, 0)
        for byte in bytes {
            low = (low + Int(byte)) % 65521
            high = (high + low) % 65521
        }
        return [0x78, 0x01, 0x01] + length + length.map { ~$0 } + bytes + word(high << 16 | low)
    }

    static func word(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(number >> (24 - 8 * $0) & 0xFF) } }

    /// The CRC-32 of ISO 3309, bit by bit.
    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = ~0
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~value
    }
}
