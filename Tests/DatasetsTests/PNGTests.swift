import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct PNGTests {
    private static func encoder(channels: Int = 1) -> PNGEncoder {
        var generator = SeededGenerator(seed: 2)
        let pixels = (0..<10 * 7 * channels).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return PNGEncoder(height: 10, width: 7, channels: channels, pixels: pixels)
    }

    private static func problem(_ bytes: [UInt8], _ expected: ImageFormat? = nil) -> String {
        let error = failure { () throws(DatasetError) in
            try PNGImage.decode(bytes: bytes, name: "made.png", expected: expected)
        }
        guard case .image("made.png", let problem)? = error else { return "another error" }
        return problem
    }

    @Test("grey and RGB pictures with every filter are read back", arguments: [1, 3])
    func roundTrip(channels: Int) throws {
        let encoder = Self.encoder(channels: channels)
        let image = try PNGImage.decode(bytes: encoder.bytes, name: "made.png")
        #expect(image == PNGImage(height: 10, width: 7, channels: channels, pixels: encoder.pixels))
        for filter: UInt8 in 0...4 {
            var single = encoder
            single.filters = [UInt8](repeating: filter, count: 10)
            #expect(try PNGImage.decode(bytes: single.bytes, name: "made.png").pixels == encoder.pixels)
        }
    }

    @Test("a compressed picture of another program is read")
    func pillow() throws {
        // Pillow 13: Image.frombytes("L", (6, 5), bytes(i * 9 % 256 for i in range(30))).save(file, optimize=True).
        let image = try PNGImage.decode(bytes: Self.pillowBytes, name: "pillow.png")
        #expect(image == PNGImage(height: 5, width: 6, channels: 1, pixels: (0..<30).map { UInt8($0 * 9 % 256) }))
    }

    @Test("chunks that may be passed over are, others are not")
    func chunks() throws {
        var encoder = Self.encoder(channels: 3)
        encoder.extraChunks = [("tEXt", Array("a text".utf8)), ("gAMA", [0, 0, 1, 2]), ("PLTE", [1, 2, 3])]
        #expect(try PNGImage.decode(bytes: encoder.bytes, name: "made.png").pixels == encoder.pixels)
        encoder.extraChunks = [("NEWS", [])]
        #expect(Self.problem(encoder.bytes).contains("unknown chunk: NEWS"))
        encoder.extraChunks = [("tRNS", [0, 0, 0, 0, 0, 0])]
        #expect(Self.problem(encoder.bytes).contains("transparent"))
    }

    @Test("unsupported forms are named")
    func unsupported() {
        let cases: [([UInt8], String)] = [
            ([8, 3, 0, 0, 0], "palette"), ([8, 6, 0, 0, 0], "alpha"), ([8, 4, 0, 0, 0], "alpha"),
            ([16, 0, 0, 0, 0], "16 bits"), ([1, 0, 0, 0, 0], "1 bits"), ([8, 0, 0, 0, 1], "interlaced"),
            ([8, 5, 0, 0, 0], "does not exist"), ([8, 0, 1, 0, 0], "does not exist"),
        ]
        for (fields, part) in cases {
            var encoder = Self.encoder()
            encoder.fields = fields
            #expect(Self.problem(encoder.bytes).contains(part))
        }
        let format = ImageFormat(height: 7, width: 10, channels: 1, classNames: ["a"])
        #expect(Self.problem(Self.encoder().bytes, format).contains("it is 10×7×1, expected 7×10×1"))
    }

    @Test("damage anywhere is refused")
    func damage() {
        let whole = Self.encoder().bytes
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 0x10
            #expect((try? PNGImage.decode(bytes: bytes, name: "damaged")) == nil, "byte \(place)")
        }
        for count in 0..<whole.count {
            #expect((try? PNGImage.decode(bytes: Array(whole[..<count]), name: "cut")) == nil, "\(count) bytes")
        }
        #expect(Self.problem(whole + [0]).contains("something follows"))
    }

    @Test("data that are shorter or longer than the header announces, absurd sizes and unknown filters are refused")
    func sizes() {
        let header = { (height: Int, width: Int) in PNGEncoder.word(width) + PNGEncoder.word(height) + [8, 0, 0, 0, 0] }
        func file(_ header: [UInt8], _ rows: [UInt8]) -> [UInt8] {
            Array(Self.encoder().bytes[..<8]) + PNGEncoder.chunk("IHDR", header)
                + PNGEncoder.chunk("IDAT", PNGEncoder.stored(rows)) + PNGEncoder.chunk("IEND", [])
        }
        #expect(Self.problem(file(header(2, 2), [0, 1, 2])).contains("end before its last row"))
        #expect(Self.problem(file(header(2, 2), [0, 1, 2, 0, 1, 2, 3])).contains("continue after its last row"))
        #expect(Self.problem(file(header(1, 2), [5, 1, 2])).contains("row 0 has filter 5"))
        for (height, width) in [(0, 5), (5, 0), (65_536, 1), (65_535, 65_535), (0xFFFF_FFFF, 0xFFFF_FFFF)] {
            #expect(Self.problem(file(header(height, width), [0])).contains("expected 1 to 65535 each way"))
        }
        #expect(Self.problem([]).contains("signature"))
    }

    @Test("a mutated picture never traps", arguments: [false, true])
    func mutations(hasRightSums: Bool) {
        var generator = SeededGenerator(seed: 21)
        for round in 0..<3000 {
            var bytes: [UInt8]
            if hasRightSums {
                // Damage behind the checksums: header fields, rows and the compressed stream itself.
                let header = mutated(Array(Self.encoder().bytes[16..<29]), using: &generator)
                let data = mutated(PNGEncoder.stored(Self.encoder().filtered), using: &generator)
                bytes = Array(Self.encoder().bytes[..<8])
                bytes += PNGEncoder.chunk("IHDR", round % 2 == 0 ? header : Array(Self.encoder().bytes[16..<29]))
                bytes += PNGEncoder.chunk("IDAT", data) + PNGEncoder.chunk("IEND", [])
            } else {
                bytes = mutated(Self.encoder().bytes, using: &generator)
            }
            if let image = try? PNGImage.decode(bytes: bytes, name: "mutated") {
                #expect(image.pixels.count == image.height * image.width * image.channels)
            }
        }
    }

    @Test("a folder of pictures reads class after class in the order of names")
    func folder() throws {
        try withTemporaryFolder { folder in
            let format = ImageFormat(height: 10, width: 7, channels: 1, classNames: ["shoe", "bag"])
            func write(_ path: String, _ value: UInt8) throws {
                let pixels = [UInt8](repeating: value, count: 70)
                let encoder = PNGEncoder(height: 10, width: 7, channels: 1, pixels: pixels)
                let url = URL(fileURLWithPath: "\(folder)/set/\(path)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(encoder.bytes).write(to: url)
            }
            for (path, value) in [("shoe/b.png", 2), ("shoe/a10.PNG", 1), ("bag/x.png", 3), ("bag/.hidden", 9)] {
                try write(path, UInt8(value))
            }
            let dataset = try PNGFolder.load("set", format: format, searching: [folder + "/none", folder])
            #expect(dataset.labels == [0, 0, 1])
            #expect([0, 70, 140].map { dataset.pixels[$0] } == [1, 2, 3])
            func problem(_ format: ImageFormat) -> String {
                failure { () throws(DatasetError) in
                    try PNGFolder.load("set", format: format, searching: [folder])
                }.map { "\($0)" } ?? ""
            }
            var other = format
            other.classNames = ["shoe"]
            #expect(problem(other).contains("holds bag"))
            other.classNames = ["shoe", "bag", "hat"]
            #expect(problem(other).contains("set/hat cannot be read: No such file"))
            other = format
            other.height = 9
            #expect(problem(other).contains("set/shoe/a10.PNG is not a usable PNG image: it is 10×7×1, expected 9×7×1"))
            try write("bag/readme.txt", 0)
            #expect(problem(format).contains("readme.txt"))
            let missing = failure { () throws(DatasetError) in
                try PNGFolder.load("absent", format: format, searching: [folder])
            }
            #expect(missing == .missingFolder("absent", searched: [folder]))
        }
    }

    private static let pillowBytes: [UInt8] = [
        0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
        0x00, 0x06, 0x00, 0x00, 0x00, 0x05, 0x08, 0x00, 0x00, 0x00, 0x00, 0x43, 0x33, 0xC2, 0x3A, 0x00, 0x00, 0x00,
        0x20, 0x49, 0x44, 0x41, 0x54, 0x78, 0xDA, 0x63, 0x64, 0xE0, 0xE4, 0xE4, 0xE4, 0xE4, 0x64, 0x34, 0xE3, 0xE4,
        0xE4, 0xE4, 0xE4, 0x64, 0x41, 0xA1, 0x18, 0x6F, 0x70, 0x72, 0x72, 0x72, 0x72, 0x02, 0x00, 0x21, 0x9E, 0x02,
        0x67, 0x6A, 0xA3, 0x9D, 0xB9, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
    ]
}
