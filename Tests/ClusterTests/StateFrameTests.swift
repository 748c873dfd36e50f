import Core
import Testing

@testable import Cluster

@Suite struct StateFrameTests {
    private static let frame = StateFrame(
        job: JobIdentifier(high: 0x0123_4567_89AB_CDEF, low: 42), generation: 7, offset: 1 << 19,
        totalByteCount: 1_000_000, sender: 3, payloadChecksum: 0xDEAD_BEEF)

    private static let bytes: [UInt8] = [
        0x53, 0x4C, 0x56, 0x53, 1, 0, 0, 0,
        0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01, 42, 0, 0, 0, 0, 0, 0, 0,
        7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0x40, 0x42, 0x0F, 0, 0, 0, 0, 0,
        3, 0, 0, 0, 0, 0, 0, 0, 0xEF, 0xBE, 0xAD, 0xDE, 0xFA, 0xB6, 0x22, 0xEC,
    ]

    private func decoded(_ bytes: [UInt8]) -> StateFrame? {
        let header = bytes.withUnsafeBytes { $0.loadUnaligned(as: SIMD8<UInt64>.self) }
        return StateFrame(header)
    }

    /// The frame's bytes after a change, with the right checksum.
    private func sealed(_ change: (inout StateFrame) -> Void) -> [UInt8] {
        var frame = Self.frame
        change(&frame)
        return frame.encoded()
    }

    @Test func `the layout is the documented one`() {
        #expect(Self.frame.encoded() == Self.bytes)
        #expect(decoded(Self.bytes) == Self.frame)
        #expect(Self.frame.payloadByteCount == 1_000_000 - (1 << 19))
    }

    @Test func `every flipped bit is refused`() {
        for bit in 0..<8 * StateFrame.byteCount {
            var bytes = Self.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(decoded(bytes) == nil, "bit \(bit)")
        }
    }

    @Test func `pieces beyond the state, between two places and of unknown senders are refused`() {
        #expect(decoded(sealed { $0.offset = 1 }) == nil)
        #expect(decoded(sealed { $0.offset = 1 << 20 }) == nil)
        #expect(decoded(sealed { $0.totalByteCount = 0 }) == nil)
        #expect(decoded(sealed { $0.totalByteCount = .max }) == nil)
        #expect(decoded(sealed { $0.sender = 1 << 20 }) == nil)
        #expect(decoded(sealed { $0.offset = 0 }) != nil)
    }
}
