import Testing

@testable import Core

@Suite struct ProtocolBufferWriterTests {
    private func bytes(_ fill: (inout ProtocolBufferWriter) -> Void) -> [UInt8] {
        var writer = ProtocolBufferWriter()
        fill(&writer)
        return writer.bytes
    }

    /// The examples of Google's description of the encoding.
    @Test func `the published examples`() {
        #expect(bytes { $0.add(1, integer: 150) } == [0x08, 0x96, 0x01])
        #expect(bytes { $0.add(2, text: "testing") } == [0x12, 0x07] + Array("testing".utf8))
        #expect(bytes { $0.add(3) { $0.add(1, integer: 150) } } == [0x1A, 0x03, 0x08, 0x96, 0x01])
        #expect(
            bytes { $0.add(6, packed: [Int64(3), 270, 86942]) } == [0x32, 0x06, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05])
        #expect(bytes { $0.add(1, integer: -2) } == [0x08, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [0x01])
    }

    @Test func `numbers of a fixed width, and the largest field number`() {
        #expect(bytes { $0.add(1, float: 0.5) } == [0x0D, 0, 0, 0, 0x3F])
        #expect(bytes { $0.add(1, double: 1) } == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(bytes { $0.add(20, packed: [1.0]) } == [0xA2, 0x01, 0x08, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(bytes { $0.add(536_870_911, integer: 0) } == [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0])
    }

    @Test func `empty lists are left out, empty texts are not`() {
        #expect(bytes { $0.add(1, packed: [Int64]()) }.isEmpty)
        #expect(bytes { $0.add(1, text: "") } == [0x0A, 0])
    }

    /// The payload of TensorBoard's record of a scalar, loss = 0.5 at step 7.
    @Test func `a message of TensorBoard`() {
        let event = bytes { event in
            event.add(1, double: 1)
            event.add(2, integer: 7)
            event.add(5) { summary in
                summary.add(1) { value in
                    value.add(1, text: "loss")
                    value.add(2, float: 0.5)
                }
            }
        }
        #expect(
            event == [
                0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 0x07, 0x2A, 0x0D, 0x0A, 0x0B, 0x0A, 0x04, 0x6C, 0x6F, 0x73,
                0x73, 0x15, 0, 0, 0, 0x3F,
            ])
    }
}
