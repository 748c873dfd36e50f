import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct CSVTests {
    /// 4 × 3 grey in ten classes, as `sampleImages`.
    private static let format = ImageFormat(
        height: 4, width: 3, channels: 1, classNames: (0..<10).map { "class \($0)" })
    private static let labels: [UInt8] = [3, 1, 4, 1, 9]
    private static let header = "label," + (1...12).map { "pixel\($0)" }.joined(separator: ",")

    static func text(lineBreak: String = "\n") -> String {
        let rows = (0..<5).map { sample -> String in
            let pixels: [UInt8] = Array(sampleImages.pixels[sample * 12..<sample * 12 + 12])
            return ([labels[sample]] + pixels).map { "\($0)" }.joined(separator: ",")
        }
        return ([header] + rows).map { $0 + lineBreak }.joined()
    }

    private static func parse(_ text: String) throws(DatasetError) -> ImageDataset {
        try CSVImages.parse(bytes: Array(text.utf8), name: "made.csv", format: format)
    }

    @Test("the same samples have the same digest as CSV and as IDX")
    func digest() throws {
        let dataset = try Self.parse(Self.text())
        let images = try IDXFile.images(from: Gzip.packed(IDXFile.encode(sampleImages)), name: "images")
        let labels = try IDXFile.labels(from: IDXFile.encode(labels: Self.labels), name: "labels", classCount: 10)
        let same = try ImageDataset(
            name: "idx", height: images.height, width: images.width, channels: 1,
            classNames: Self.format.classNames, pixels: images.pixels, labels: labels)
        #expect(dataset.digest == same.digest)
        #expect(dataset.pixels == sampleImages.pixels && dataset.labels == Self.labels)
    }

    @Test("CRLF, a missing last line break, a byte order mark, quotes and other names in the header change nothing")
    func variants() throws {
        let plain = try Self.parse(Self.text()).digest
        let otherHeader = "\"label\"," + (1...12).map { "1x\($0)" }.joined(separator: ",")
        let variants = [
            Self.text(lineBreak: "\r\n"), String(Self.text().dropLast()), "\u{FEFF}" + Self.text(),
            Self.text().replacingFirst(Self.header, otherHeader), Self.text().replacingFirst("3,0,37", "003,0,037"),
        ]
        for variant in variants { #expect(try Self.parse(variant).digest == plain) }
    }

    @Test("images to classify may have no labels, plain or packed, and are inverted where the format says so")
    func unlabelled() throws {
        try withTemporaryFolder { folder in
            let rows = Self.text().split(separator: "\n").map {
                $0.split(separator: ",").dropFirst().joined(separator: ",")
            }
            let bytes = Array((rows.joined(separator: "\n") + "\n").utf8)
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/test.csv"))
            try Data(Gzip.packed(bytes)).write(to: URL(fileURLWithPath: "\(folder)/packed.csv.gz"))
            try Data(Self.text().utf8).write(to: URL(fileURLWithPath: "\(folder)/labelled.csv"))
            for name in ["test.csv", "packed.csv.gz"] {
                let images = try CSVImages.unlabelled(path: "\(folder)/\(name)", format: Self.format)
                #expect(images.pixels == sampleImages.pixels && images.labels == [nil, nil, nil, nil, nil])
            }
            var format = Self.format
            format.isInverted = true
            let labelled = try CSVImages.unlabelled(path: "\(folder)/labelled.csv", format: format)
            #expect(labelled.pixels == sampleImages.pixels.map { 255 - $0 } && labelled.labels == Self.labels)
            try Data("pixel0,pixel1\n1,2\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/small.csv"))
            let error = failure { () throws(DatasetError) in
                try CSVImages.unlabelled(path: "\(folder)/small.csv", format: Self.format)
            }
            #expect("\(error, default: "")".contains("line 1, column 1: found \"pixel0\", expected a header line"))
            let training = failure { () throws(DatasetError) in
                try CSVImages.parse(bytes: bytes, name: "made.csv", format: Self.format)
            }
            #expect("\(training, default: "")".contains("expected a header line: label"))
        }
    }

    @Test("a text larger than every window reads back, whatever the ends of its windows cut")
    func large() throws {
        var generator = SeededGenerator(seed: 3)
        let format = ImageFormat(height: 28, width: 28, channels: 1, classNames: ["a", "b"])
        var bytes = Array(("label" + String(repeating: ",p", count: 784) + "\n").utf8)
        let pixels = (0..<1200 * 784).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for sample in 0..<1200 {
            bytes += Array("\(sample % 2)".utf8)
            for pixel in pixels[sample * 784..<sample * 784 + 784] { bytes += Array(",\(pixel)".utf8) }
            bytes.append(0x0A)
        }
        #expect(bytes.count > 2 << 20)
        let dataset = try CSVImages.parse(bytes: bytes, name: "large", format: format)
        #expect(dataset.pixels == pixels)
        let packed = try CSVImages.read(
            from: GzipSource(MemorySource(Gzip.packed(bytes, level: 1)), file: "packed"), file: "packed", name: "p",
            format: format)
        #expect(packed.digest == dataset.digest)
    }

    @Test("every number from 0 to 255 is read, and nothing else of up to four characters")
    func cells() {
        let characters: [UInt8] = Array("0123456789-+. ,ax\u{0}".utf8) + [0xB0, 0xFF, 0x2F, 0x3A]
        var count = 0
        for word in 0..<characters.count * characters.count * characters.count * characters.count {
            var (rest, bytes): (Int, [UInt8]) = (word, [])
            for _ in 0..<4 {
                bytes.append(characters[rest % characters.count])
                rest /= characters.count
            }
            let text = bytes.prefix { (0x30...0x39).contains($0) }
            let expected =
                text.count < 4 ? Int(String(decoding: text, as: UTF8.self)).flatMap { $0 < 256 ? $0 : nil } : nil
            bytes.withUnsafeBufferPointer { buffer in
                guard let place = buffer.baseAddress else { return }
                let cell = CSVCell(place)
                if cell.isNumber != (expected != nil) || (cell.isNumber && cell.value != expected) { count += 1 }
                let isFollowed = expected != nil && bytes[text.count] == 0x2C
                if cell.isFollowed(by: 0x2C) != isFollowed { count += 1 }
            }
        }
        #expect(count == 0)
    }

    @Test("errors have file, line, column and the expectation")
    func refusals() {
        let text = Self.text()
        let lines = text.split(separator: "\n").map(String.init)
        let cases: [(String, String)] = [
            ("", "made.csv, line 1: it is empty, expected a header line: label,pixel1"),
            (Self.header, "made.csv, line 2: it has no image after its header"),
            (lines.dropFirst().joined(separator: "\n"), "line 1, column 1: the header is missing"),
            (text.replacingFirst("label", "class"), "line 1, column 1: found \"class\", expected a header line"),
            (text.replacingFirst(",pixel12", ""), "line 1: the header has 12 columns, expected 13: label and one"),
            (text.replacingFirst("3,0,37", "3,37"), "line 2: it has 12 columns, expected 13"),
            (text.replacingFirst("3,0,37", "3,0,0,37"), "line 2: it has more than 13 columns"),
            (
                text.replacingFirst("3,0,37", "3,,37"),
                "line 2, column 2: found \"\", expected a whole number from 0 to 255"
            ),
            (text.replacingFirst("3,0,37", "3,0,256"), "line 2, column 3: found \"256\""),
            (text.replacingFirst("3,0,37", "3,0,-1"), "line 2, column 3: found \"-1\""),
            (text.replacingFirst("3,0,37", "3,0, 37"), "line 2, column 3: found \" 37\""),
            (text.replacingFirst("3,0,37", "3,0,3.7"), "line 2, column 3: found \"3.7\""),
            (text.replacingFirst("3,0,37", "3,0,0037"), "line 2, column 3: found \"0037\""),
            (text.replacingFirst("3,0,37", "3,dress,37"), "line 2, column 2: found \"dress\""),
            (text.replacingFirst("3,0,37", "10,0,37"), "column 1: found \"10\", expected a label from 0 to 9"),
            (text.replacingFirst("3,0,37", "\n3,0,37"), "line 2: the line is empty"),
            (text + "\n", "line 7: the line is empty"),
            (
                String(text.dropLast(9)),
                "line 6: it has 11 columns, expected 13: label and one for each value of 4×3×1 (the"
            ),
            (Self.header + "\n1,2", "line 2: it has 2 columns"),
            (text.replacingFirst("37", "37\u{0}\u{1}\u{2028}"), "column 3: found \"37\\x0\\x1\\xe2\\x80\\xa8\""),
        ]
        for (text, part) in cases {
            let error = failure { () throws(DatasetError) in try Self.parse(text) }
            #expect(error.map { "\($0)" }?.contains(part) ?? false, "\(error.map { "\($0)" } ?? "read") lacks \(part)")
        }
    }

    @Test("an endless line is refused as soon as it is too long, and not read on")
    func endlessLine() throws {
        var source = EndlessSource(start: Array((Self.header + "\n1").utf8))
        let reader = try CSVReader(file: "endless", format: Self.format)
        let error = failure { () throws(DatasetError) in try reader.read(from: &source) }
        #expect(error.map { "\($0)" }?.contains("line 2: it is longer than 53 bytes") ?? false)
        #expect(source.byteCount <= 4 << 20)
    }

    @Test("a mutated file never traps: it is refused, or has whole images")
    func mutations() {
        var generator = SeededGenerator(seed: 11)
        let whole = Array(Self.text().utf8)
        var readCount = 0
        for _ in 0..<8000 {
            let bytes = mutated(whole, using: &generator)
            if let dataset = try? CSVImages.parse(bytes: bytes, name: "mutated", format: Self.format) {
                readCount += 1
                #expect(dataset.pixels.count == dataset.sampleCount * 12)
            }
        }
        #expect(readCount > 0)
    }
}

/// A line without an end.
private struct EndlessSource: ByteSource {
    let start: [UInt8]
    var byteCount = 0

    init(start: [UInt8]) { self.start = start }

    mutating func read(into window: UnsafeMutableRawBufferPointer) -> Int {
        for place in window.indices {
            window[place] = byteCount + place < start.count ? start[byteCount + place] : 0x31
        }
        byteCount += window.count
        return window.count
    }
}

extension String {
    /// The text with the first occurrence of a part replaced.
    func replacingFirst(_ part: String, _ other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return replacingCharacters(range, other)
    }

    private func firstRange(of part: String) -> Range<String.Index>? { self.ranges(of: part).first }

    private func replacingCharacters(_ range: Range<String.Index>, _ other: String) -> String {
        self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
