import Collectives
import Core
import Testing

@Suite("Frame headers")
struct FrameHeaderTests {
    private let header = FrameHeader(
        FrameLabel(
            kind: .contribution, job: JobIdentifier(high: 0x0123_4567_89AB_CDEF, low: 42), generation: 7, step: 1 << 40,
            bucket: 3, elementOffset: 65_536, elementCount: 1000, sender: 63, node: 127),
        payloadChecksum: 0xDEAD_BEEF)

    private func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: FrameHeader.byteCount)
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            header.encode(into: base)
        }
        return bytes
    }

    private func decode(_ bytes: [UInt8]) throws -> FrameHeader {
        try bytes.withUnsafeBytes { try FrameHeader(decoding: $0) }
    }

    @Test("Decoding an encoded header gives the same header, also at an odd address and before a payload")
    func roundTrip() throws {
        #expect(try decode(encoded()) == header)
        let shifted = [0] + encoded() + [1, 2, 3]
        let decoded = try shifted.withUnsafeBytes { buffer in
            try FrameHeader(decoding: UnsafeRawBufferPointer(rebasing: buffer[1...]))
        }
        #expect(decoded == header)
    }

    @Test("The layout is the documented one")
    func layout() {
        #expect(
            encoded() == [
                0x53, 0x4C, 0x56, 0x46, 2, 1, 0, 0,
                0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01, 42, 0, 0, 0, 0, 0, 0, 0,
                7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0,
                3, 0, 0, 0, 0, 0, 1, 0, 0xE8, 0x03, 0, 0, 63, 0, 127, 0,
                0xEF, 0xBE, 0xAD, 0xDE, 0x3F, 0xE4, 0xD2, 0xFD,
            ])
    }

    @Test("A request names a kind that has a payload, and other frames request nothing")
    func requests() throws {
        func coded(_ kind: FrameKind, _ requested: FrameKind?) throws -> FrameHeader {
            var request = header
            request.label.kind = kind
            request.label.requestedKind = requested
            var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
            bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                request.encode(into: base)
            }
            return try decode(bytes)
        }
        let decoded = try coded(.resend, .statistics)
        #expect(
            decoded.label.requestedKind == .statistics && decoded.payloadByteCount == 0
                && decoded.label.elementCount == 1000)
        #expect(throws: FrameHeaderError.unknownKind(0)) { try coded(.resend, nil) }
        #expect(throws: FrameHeaderError.unknownKind(4)) { try coded(.resend, .resend) }
        #expect(try coded(.resend, .relayedStatistics).label.requestedKind == .relayedStatistics)
        #expect(throws: FrameHeaderError.unknownKind(2)) { try coded(.contribution, .result) }
    }

    @Test("Every single flipped bit is refused")
    func flippedBits() {
        for bit in 0..<8 * FrameHeader.byteCount {
            var bytes = encoded()
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FrameHeaderError.self) { try decode(bytes) }
        }
    }

    @Test("Every shorter piece is refused")
    func truncated() {
        for count in 0..<FrameHeader.byteCount {
            #expect(throws: FrameHeaderError.tooShort(byteCount: count)) { try decode(Array(encoded().prefix(count))) }
        }
    }

    @Test("The header's checksum is the CRC-32C of its first 60 bytes")
    func knownChecksum() {
        let bytes = encoded()
        let expected = bytes[..<60].withUnsafeBytes { plainChecksum($0) }
        #expect(bytes[60...].elementsEqual(withUnsafeBytes(of: expected.littleEndian) { Array($0) }))
    }
}
