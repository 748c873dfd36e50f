import Testing

@testable import Runs

@Suite struct SafetensorsTests {
    /// What the reference implementation (Python safetensors) writes for the tensors below.
    static let golden: [UInt8] =
        [0xA8, 0x01, 0, 0, 0, 0, 0, 0]
        + Array(
            #"""
            {"__metadata__":{"format":"pt"},"n":{"dtype":"U64","shape":[2],"data_offsets":[0,16]},\#
            "i":{"dtype":"I64","shape":[],"data_offsets":[16,24]},"d":{"dtype":"F64","shape":[1],"data_offsets":[24,32]},\#
            "a":{"dtype":"F32","shape":[1],"data_offsets":[32,36]},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[36,44]},\#
            "é\"\n":{"dtype":"F32","shape":[0,4],"data_offsets":[44,44]},"u":{"dtype":"U8","shape":[3],"data_offsets":[44,47]}}
            """#.utf8) + [0x20]
        + [
            0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80,
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x59, 0xF3, 0xF8, 0xC2, 0x1F, 0x6E, 0xA5, 0x01,
            0x00, 0x00, 0x00, 0x3F, 0x00, 0x00, 0xC0, 0x3F, 0x00, 0x00, 0x00, 0xC0, 0x01, 0x02, 0x03,
        ]

    static func example() -> SafetensorsWriter {
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        writer.add(name: "u", shape: [3], [1, 2, 3] as [UInt8])
        writer.add(name: "b", shape: [1, 2], [1.5, -2] as [Float])
        writer.add(name: "a", shape: [1], [0.5] as [Float])
        writer.add(name: "é\"\n", shape: [0, 4], [] as [Float])
        writer.add(name: "d", shape: [1], [1e-300] as [Double])
        writer.add(name: "i", shape: [], [-1] as [Int64])
        writer.add(name: "n", shape: [2], [3, 1 << 63] as [UInt64])
        return writer
    }

    @Test func writerGivesTheBytesOfTheReferenceImplementation() {
        #expect(Self.example().serialized() == Self.golden)
    }

    @Test func readerGivesBackEveryTensorAndTheMetadata() throws {
        let file = try Safetensors(bytes: Self.golden)
        #expect(file.metadata == ["format": "pt"])
        #expect(file.tensors.map(\.name) == ["n", "i", "d", "a", "b", "é\"\n", "u"])
        #expect(try file.unsignedIntegers(named: "n") == [3, 1 << 63])
        #expect(try file.integers(named: "i") == [-1])
        #expect(try file.doubles(named: "d") == [1e-300])
        #expect(try file.floats(named: "a") == [0.5])
        #expect(try file.floats(named: "b") == [1.5, -2])
        #expect(try file.floats(named: "é\"\n") == [])
        #expect(try file.bytes(named: "u") == [1, 2, 3])
        #expect(file.tensor(named: "b")?.shape == [1, 2])
        #expect(file.tensor(named: "i")?.shape == [])
    }

    @Test func askingForAnotherTypeOrNameIsAnError() throws {
        let file = try Safetensors(bytes: Self.golden)
        #expect(throws: SafetensorsError.missingTensor(name: "a", type: .float64)) { try file.doubles(named: "a") }
        #expect(throws: SafetensorsError.missingTensor(name: "x", type: .float32)) { try file.floats(named: "x") }
    }

    @Test func unalignedFilesAreRead() throws {
        let header = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let file = try Safetensors(
            bytes: [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + [0, 0, 128, 63])
        #expect(file.tensors[0].byteRange.lowerBound % 4 != 0)
        #expect(try file.floats(named: "x") == [1])
    }

    @Test func metadataOrderAndControlCharactersAreDeterministic() throws {
        let metadata = ["b": "\u{1}\t\r\u{8}\u{C}\\", "a": "😀", "B": ""]
        let bytes = SafetensorsWriter(metadata: metadata).serialized()
        let expected = #"{"__metadata__":{"B":"","a":"😀","b":"\u0001\t\r\b\f\\"}}"#
        let found = String(decoding: bytes[8...], as: UTF8.self)
        #expect(found.trimmingSpaces == expected)
        #expect(bytes.count % 8 == 0)
        #expect(try Safetensors(bytes: bytes).metadata == metadata)
    }

    @Test func anEmptyFileHasAnEmptyHeader() throws {
        #expect(SafetensorsWriter().serialized() == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
        #expect(try Safetensors(bytes: SafetensorsWriter().serialized()).tensors.isEmpty)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
