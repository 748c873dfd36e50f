import Testing

@testable import Core

@Suite struct CRC32CTests {
    @Test(
        "the published vectors are computed, with the instruction and by the table",
        arguments: [
            (Array("123456789".utf8), 0xe306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xFF, count: 32), 0x62a8_ab43),
            ([UInt8](0..<32), 0x46dd_794e),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func vectors(bytes: [UInt8], checksum: UInt32) {
        bytes.withUnsafeBytes {
            #expect(CRC32C.checksum($0) == checksum)
            #expect(CRC32C.checksumByTable($0, continuing: 0) == checksum)
        }
    }

    @Test("every length up to 300, at every misalignment, agrees with bits taken one by one")
    func lengthsAndAlignments() {
        let bytes = noise(count: 320)
        for offset in 0..<16 {
            var reference: UInt32 = 0
            for count in 0...300 {
                bytes.withUnsafeBytes { all in
                    let piece = UnsafeRawBufferPointer(rebasing: all[offset..<offset + count])
                    if count > 0 { reference = bitwise(piece[count - 1], continuing: reference) }
                    #expect(CRC32C.checksum(piece) == reference)
                    #expect(CRC32C.checksumByTable(piece, continuing: 0) == reference)
                }
            }
        }
    }

    @Test(
        "lengths around the blocks of three lanes and of wide registers agree with the table",
        arguments: [
            383, 384, 385, 767, 768, 769, 1023, 1024, 1025, 1279, 1280, 1281, 1535, 1536, 12_287, 12_288, 12_289,
            12_288 + 384 + 9, 24_576, 100_003, 1 << 20,
        ])
    func blocks(count: Int) {
        noise(count: count + 3).withUnsafeBytes { all in
            for offset in 0..<3 {
                let piece = UnsafeRawBufferPointer(rebasing: all[offset..<offset + count])
                for continuing in [0, 0x9ABC_DEF1] as [UInt32] {
                    let checksum = CRC32C.checksumByTable(piece, continuing: continuing)
                    #expect(CRC32C.checksum(piece, continuing: continuing) == checksum)
                    #expect(CRC32C.checksumByInstruction(piece, continuing: continuing) == checksum)
                }
            }
        }
    }

    @Test("a checksum taken in pieces is the checksum of the whole")
    func continuing() {
        noise(count: 40_000).withUnsafeBytes { all in
            let whole = CRC32C.checksum(all)
            for cut in [0, 1, 7, 383, 384, 12_288, 39_999, 40_000] {
                let head = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: all[..<cut]))
                #expect(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: all[cut...]), continuing: head) == whole)
                let tableHead = CRC32C.checksumByTable(UnsafeRawBufferPointer(rebasing: all[..<cut]), continuing: 0)
                #expect(tableHead == head)
            }
            #expect(CRC32C.checksum(UnsafeRawBufferPointer(start: nil, count: 0), continuing: whole) == whole)
        }
    }

    /// One byte, eight single bits: the definition.
    private func bitwise(_ byte: UInt8, continuing: UInt32) -> UInt32 {
        var state = ~continuing ^ UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
        return ~state
    }

    private func noise(count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }
}
