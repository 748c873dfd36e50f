import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Images made by scripts/make-image-fixtures, and what Pillow reads in them.
private struct ImageFixture: Decodable {
    struct Resized: Decodable {
        let height: Int
        let width: Int
        let pixels: Data
    }

    let height: Int
    let width: Int
    let channels: Int
    let pixels: Data
    let grey: Data
    let resized: [Resized]

    private static let folder = Bundle.module.url(forResource: "Fixtures", withExtension: nil)

    static let all: [String: ImageFixture] = {
        guard let url = folder?.appending(path: "images.json"), let data = try? Data(contentsOf: url) else {
            return [:]
        }
        return (try? JSONDecoder().decode([String: ImageFixture].self, from: data)) ?? [:]
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: #require(folder).appending(path: "Images/\(name)")))
    }

    var image: Image { Image(height: height, width: width, channels: channels, pixels: Array(pixels)) }
}

@Suite struct ImageFileTests {
    private static func format(_ height: Int, _ width: Int, _ channels: Int) -> ImageFormat {
        ImageFormat(height: height, width: width, channels: channels, classNames: ["a"])
    }

    private static func problem(_ bytes: [UInt8]) -> String {
        let error = failure { () throws(DatasetError) in try ImageFile.decode(bytes: bytes, name: "made.png") }
        guard case .image("made.png", let problem)? = error else { return "another error" }
        return problem
    }

    @Test("every kind of PNG and JPEG file has the pixels that Pillow reads", arguments: ImageFixture.all.keys.sorted())
    func everyKind(name: String) throws {
        let fixture = try #require(ImageFixture.all[name])
        #expect(try ImageFile.decode(bytes: ImageFixture.bytes(name), name: name) == fixture.image)
    }

    @Test("the fixtures have every colour type, every number of bits and every form of JPEG")
    func kinds() { #expect(ImageFixture.all.count == 36) }

    @Test("colours become Pillow's grey, and grey is repeated in three channels", arguments: ["rgb-8.png", "cmyk.jpg"])
    func channels(name: String) throws {
        let fixture = try #require(ImageFixture.all[name])
        let grey = ImageConversion.grey(fixture.image)
        #expect(grey.pixels == Array(fixture.grey))
        let repeated = ImageConversion.rgb(grey)
        #expect(repeated.channels == 3 && repeated.pixels.prefix(3).allSatisfy { $0 == grey.pixels[0] })
        #expect(ImageConversion.grey(repeated) == grey)
    }

    @Test(
        "other sizes, larger and smaller, have Pillow's bits",
        arguments: ["grey-8.png", "rgb-8.png", "rgb-subsampling-2.jpg"])
    func sizes(name: String) throws {
        let fixture = try #require(ImageFixture.all[name])
        #expect(fixture.resized.count == 5)
        for size in fixture.resized {
            let resized = ImageResampling.resized(fixture.image, height: size.height, width: size.width)
            #expect(resized.pixels == Array(size.pixels), "\(size.height)×\(size.width)")
        }
    }

    @Test("a format gets its channels first, then its size, then the inversion")
    func order() throws {
        let fixture = try #require(ImageFixture.all["rgb-8.png"])
        var format = Self.format(5, 7, 1)
        let plain = try ImageFile.fitted(fixture.image, to: format, name: "x")
        let grey = Image(height: fixture.height, width: fixture.width, channels: 1, pixels: Array(fixture.grey))
        #expect(plain == ImageResampling.resized(grey, height: 5, width: 7).pixels)
        format.isInverted = true
        #expect(try ImageFile.fitted(fixture.image, to: format, name: "x") == plain.map { 255 - $0 })
    }

    @Test("files of other formats are named")
    func otherFormats() {
        for (bytes, part) in [
            ("GIF89a", "GIF"), ("BM12345", "BMP"), ("RIFF1234WEBPVP8 ", "WebP"), ("....ftypheic", "HEIC"),
            ("<?xml version", "SVG"), ("", "it is empty"), ("text", "neither a PNG nor a JPEG"),
        ] {
            #expect(Self.problem(Array(bytes.utf8)).contains(part), "\(part)")
        }
    }

    @Test("damage anywhere in the chunks of a PNG file is refused, and every shorter file")
    func damagedPNG() {
        let whole = PNGEncoder.sample().bytes
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 0x10
            #expect((try? ImageFile.decode(bytes: bytes, name: "damaged")) == nil, "byte \(place)")
        }
        for count in 0..<whole.count {
            #expect((try? ImageFile.decode(bytes: Array(whole[..<count]), name: "cut")) == nil, "\(count) bytes")
        }
        #expect(Self.problem(Array(whole.dropLast(30))).contains("cut short"))
    }

    @Test(
        "a JPEG file that is cut short is refused, wherever the cut is", arguments: ["l.jpg", "rgb-subsampling-2.jpg"])
    func cutJPEG(name: String) throws {
        let whole = try ImageFixture.bytes(name)
        for count in 0..<whole.count - 2 {
            #expect((try? ImageFile.decode(bytes: Array(whole[..<count]), name: "cut")) == nil, "\(count) bytes")
        }
    }

    @Test("sizes are refused before memory is taken for them")
    func hostileSizes() throws {
        for (height, width) in [(0, 5), (5, 0), (65_536, 1), (65_535, 65_535), (0x7FFF_FFFF, 0x7FFF_FFFF)] {
            let header = PNGEncoder.word(width) + PNGEncoder.word(height) + [8, 2, 0, 0, 0]
            let problem = Self.problem(PNGEncoder.file(header: header, rows: [0]))
            #expect(problem.contains("expected 1 to 65535 each way") || problem.contains("IHDR"), "\(problem)")
        }
        var jpeg = try ImageFixture.bytes("rgb-subsampling-0.jpg")
        let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(Self.problem(jpeg).contains("it is 65500×65500, expected"))
    }

    @Test("an image that would be wide on the way to a format is refused")
    func hostileResizing() {
        let tall = Image(height: 65_535, width: 1, channels: 1, pixels: [UInt8](repeating: 0, count: 65_535))
        let error = failure { () throws(DatasetError) in
            try ImageFile.fitted(tall, to: Self.format(1, 65_535, 1), name: "tall.png")
        }
        #expect("\(error, default: "")".contains("cannot be resized"))
    }

    @Test("a JPEG file that repeats a scan is refused")
    func repeatedScans() throws {
        var bytes = try ImageFixture.bytes("rgb-subsampling-2-progressive-1.jpg")
        let scan = try #require(
            bytes.indices.last { bytes[$0] == 0xFF && $0 + 1 < bytes.count && bytes[$0 + 1] == 0xDA })
        let last = Array(bytes[scan..<bytes.count - 2])
        bytes.removeLast(2)
        for _ in 0..<600 { bytes += last }
        #expect(Self.problem(bytes + [0xFF, 0xD9]).contains("progression"))
    }

    @Test("a mutated image never traps", arguments: ["png", "summed", "jpeg", "progressive"])
    func mutations(kind: String) throws {
        var generator = SeededGenerator(seed: 21)
        let sample = PNGEncoder.sample()
        let jpeg = try ImageFixture.bytes(
            kind == "jpeg" ? "rgb-subsampling-2.jpg" : "rgb-subsampling-2-progressive-1.jpg")
        for _ in 0..<1500 {
            let bytes =
                switch kind {
                case "png": mutated(sample.bytes, using: &generator)
                case "summed":
                    // Damage behind the checksums: header fields and rows.
                    PNGEncoder.file(
                        header: Bool.random(using: &generator)
                            ? sample.header : mutated(sample.header, using: &generator),
                        rows: mutated(sample.filtered, using: &generator))
                default: mutated(jpeg, using: &generator)
                }
            if let image = try? ImageFile.decode(bytes: bytes, name: "mutated") {
                #expect(image.pixels.count == image.height * image.width * image.channels)
            }
        }
    }
}

@Suite struct ImageFolderTests {
    private static func write(_ bytes: [UInt8], to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private static func square(_ value: UInt8) -> [UInt8] {
        PNGEncoder(height: 10, width: 7, channels: 1, pixels: [UInt8](repeating: value, count: 70)).bytes
    }

    private static func request(_ folder: String) -> DataRequest {
        DataRequest(data: folder, environment: [:], height: 5, width: 4, channels: 1)
    }

    @Test("a folder reads class after class in the order of names, every image in the size of the input")
    func folder() throws {
        try withTemporaryFolder { folder in
            let format = ImageFormat(height: 5, width: 4, channels: 1, classNames: ["shoe", "bag"])
            for (path, value) in [("shoe/b.png", 2), ("shoe/a10.PNG", 1), ("bag/.hidden", 9)] {
                try Self.write(Self.square(UInt8(value)), to: "\(folder)/set/\(path)")
            }
            try Self.write(try ImageFixture.bytes("l.jpg"), to: "\(folder)/set/bag/photo.JPEG")
            let dataset = try ImageFolder.load("set", format: format, searching: [folder + "/none", folder])
            #expect(dataset.labels == [0, 0, 1])
            #expect(dataset.pixels.count == 60 && dataset.pixels[0] == 1 && dataset.pixels[20] == 2)
            func problem(_ format: ImageFormat) -> String {
                failure { () throws(DatasetError) in
                    try ImageFolder.load("set", format: format, searching: [folder])
                }.map { "\($0)" } ?? ""
            }
            var other = format
            other.classNames = ["shoe"]
            #expect(problem(other).contains("holds bag"))
            other.classNames = ["shoe", "bag", "hat"]
            #expect(problem(other).contains("set/hat cannot be read: No such file"))
            try Self.write([0x89, 0x50, 0x4E, 0x47], to: "\(folder)/set/bag/damaged.png")
            #expect(problem(format).contains("set/bag/damaged.png is not a usable image"))
            try Self.write([], to: "\(folder)/set/bag/a.txt")
            #expect(problem(format).contains("a.txt is not a usable image: its name does not end with .png"))
            let missing = failure { () throws(DatasetError) in
                try ImageFolder.load("absent", format: format, searching: [folder])
            }
            #expect(missing == .missingFolder("absent", searched: [folder]))
        }
    }

    @Test("classes are the sub-folders in the order of their names, and the resolved source has them")
    func classNames() throws {
        try withTemporaryFolder { folder in
            for (path, value) in [("train/b/1.png", 1), ("train/a/1.png", 2), ("train/Z/1.png", 3)] {
                try Self.write(Self.square(UInt8(value)), to: "\(folder)/\(path)")
            }
            let source = ImageFolders(training: "train", test: nil, classNames: nil, isInverted: true)
            let resolved = try source.resolved(Self.request(folder))
            #expect(resolved.classNames == ["Z", "a", "b"] && resolved.isInverted && !resolved.hasTest)
            let sets = try resolved.sets(Self.request(folder))
            #expect(sets.test == nil && sets.training.classNames == ["Z", "a", "b"])
            #expect(sets.training.pixels[0] == 252 && sets.training.labels == [0, 1, 2])
            #expect(try source.sets(Self.request(folder)).training.digest == sets.training.digest)
            try Self.write([], to: "\(folder)/train/notes.txt")
            let error = failure { () throws(DatasetError) in try source.resolved(Self.request(folder)) }
            #expect("\(error, default: "")".contains("holds the file notes.txt"))
        }
    }
}
