import Testing

@testable import Core

@Suite("Little-endian fields")
struct ByteCodingTests {
    @Test("What was written is read back, and the bytes are little-endian")
    func roundTrip() throws {
        var writer = ByteWriter(reservingByteCount: 64)
        writer.append(UInt8(0xAB))
        writer.append(UInt32(0x0102_0304))
        writer.append(Int64(-2))
        writer.append(SHA256Digest(of: [1, 2, 3]))
        writer.append(contentsOf: [9, 8])
        #expect(writer.bytes.prefix(5) == [0xAB, 4, 3, 2, 1])

        var reader = ByteReader(writer.bytes)
        #expect(reader.integer(UInt8.self) == 0xAB)
        #expect(reader.integer(UInt32.self) == 0x0102_0304)
        #expect(reader.integer(Int64.self) == -2)
        #expect(reader.digest() == SHA256Digest(of: [1, 2, 3]))
        #expect(reader.offset == 45)
        #expect(reader.remainingByteCount == 2)
        #expect(reader.rest() == [9, 8])
        #expect(reader.isAtEnd)
    }

    @Test("A field that is cut short is not read, and consumes nothing")
    func truncated() {
        var reader = ByteReader([1, 2, 3] as [UInt8])
        #expect(reader.integer(UInt32.self) == nil)
        #expect(reader.digest() == nil)
        #expect(reader.bytes(4) == nil)
        #expect(reader.bytes(-1) == nil)
        #expect(reader.integers(UInt16.self, count: 2) == nil)
        #expect(reader.integers(UInt16.self, count: .max) == nil)
        #expect(reader.integers(UInt16.self, count: 1) == [0x0201])
        #expect(reader.bytes(1) == [3])
        #expect(reader.integer(UInt8.self) == nil)
    }

    @Test("Slices and raw buffers are read from their own start")
    func otherCollections() {
        let bytes: [UInt8] = [0, 1, 2, 3, 4]
        var slice = ByteReader(bytes[1...])
        #expect(slice.integer(UInt16.self) == 0x0201)
        #expect(slice.offset == 2)
        let word = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return reader.integer(UInt32.self)
        }
        #expect(word == 0x0302_0100)
    }

    @Test("A field can be replaced after it was written")
    func replacing() {
        var writer = ByteWriter()
        writer.append(UInt32(0))
        writer.append(UInt8(7))
        writer.replace(at: 0, with: UInt32(5))
        #expect(writer.bytes == [5, 0, 0, 0, 7])
    }

    @Test("Control characters and line separators are escaped")
    func controlCharacters() {
        #expect(quoted("a\nb\u{2028}\u{85}é") == "\"a\\u{a}b\\u{2028}\\u{85}é\"")
    }

    @Test("A long text is cut at the limit, one of just that length is not")
    func limit() {
        #expect(quoted(String(repeating: "x", count: 200)).count == 202)
        #expect(quoted(String(repeating: "x", count: 201)) == "\"" + String(repeating: "x", count: 200) + "…\"")
        #expect(quoted("abc", limit: 2) == "\"ab…\"")
    }

    @Test("Bytes that are not printable ASCII are shown in hexadecimal")
    func bytes() {
        #expect(quoted([0x61, 0xFF, 0x0A] as [UInt8]) == "\"a\\xff\\xa\"")
        #expect(quoted([0x61, 0x62] as [UInt8], limit: 1) == "\"a…\"")
    }
}
