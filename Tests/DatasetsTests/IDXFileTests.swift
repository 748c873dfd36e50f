import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct IDXFileTests {
    @Test("images and labels are read back as they were written, plain and packed", arguments: [false, true])
    func roundTrip(isPacked: Bool) throws {
        let images = IDXFile.encode(sampleImages)
        #expect(images.prefix(16) == [0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 3])
        #expect(try IDXFile.images(from: isPacked ? Gzip.packed(images) : images, name: "images") == sampleImages)
        let labels = IDXFile.encode(labels: [3, 1, 4, 1, 5, 9])
        #expect(labels.prefix(8) == [0, 0, 8, 1, 0, 0, 0, 6])
        let read = try IDXFile.labels(from: isPacked ? Gzip.packed(labels) : labels, name: "labels", classCount: 10)
        #expect(read == [3, 1, 4, 1, 5, 9])
    }

    @Test("a file larger than every window is read back, plain and packed", arguments: [false, true])
    func large(isPacked: Bool) throws {
        var generator = SeededGenerator(seed: 8)
        let images = IDXFile.Images(
            count: 300, height: 28, width: 28,
            pixels: (0..<300 * 784).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let bytes = IDXFile.encode(images)
        #expect(try IDXFile.images(from: isPacked ? Gzip.packed(bytes) : bytes, name: "large") == images)
    }

    @Test("a file cut anywhere is refused, plain and packed")
    func truncated() {
        let whole = IDXFile.encode(sampleImages)
        for count in 0..<whole.count {
            let error = failure { () throws(DatasetError) in
                try IDXFile.images(from: Array(whole.prefix(count)), name: "cut")
            }
            let problem =
                count < 16
                ? IDXProblem.truncatedHeader(byteCount: count, expected: 16)
                : .truncated(byteCount: count, expected: 76)
            #expect(error == .malformed(file: "cut", problem: problem))
        }
        let packed = Gzip.packed(whole)
        for count in 2..<packed.count {
            let error = failure { () throws(DatasetError) in
                try IDXFile.images(from: Array(packed.prefix(count)), name: "cut")
            }
            #expect(error == .compression(file: "cut", problem: "it is cut short"))
        }
    }

    @Test("a byte too many is refused, plain and packed", arguments: [false, true])
    func oversized(isPacked: Bool) {
        let bytes = IDXFile.encode(sampleImages) + [0]
        let error = failure { () throws(DatasetError) in
            try IDXFile.images(from: isPacked ? Gzip.packed(bytes) : bytes, name: "long")
        }
        #expect(error == .malformed(file: "long", problem: .oversized(expected: 76)))
    }

    @Test("another magic is refused, a label file as images too")
    func magic() {
        let labels = IDXFile.encode(labels: [UInt8](repeating: 1, count: 40))
        let error = failure { () throws(DatasetError) in try IDXFile.images(from: labels, name: "labels") }
        #expect(error == .malformed(file: "labels", problem: .magic(found: 0x801, expected: 0x803)))
        #expect(
            "\(error ?? .shape(name: "", problem: ""))".contains(
                "it has 1 dimension, expected 3: count, height and width"))
        for place in 0..<4 {
            var bytes = IDXFile.encode(sampleImages)
            bytes[place] ^= 0x40
            guard
                case .malformed(_, .magic) = failure({ () throws(DatasetError) in
                    try IDXFile.images(from: bytes, name: "magic")
                })
            else {
                Issue.record("byte \(place) of the magic is not checked")
                continue
            }
        }
    }

    @Test(
        "dimensions of zero, or whose product is absurd, are refused before anything is allocated",
        arguments: [
            [0, 28, 28], [5, 0, 3], [5, 4, 0], [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], [0x8000_0000, 0x8000_0000, 2],
            [1 << 20, 1 << 10, 2],
        ])
    func dimensions(dimensions: [Int]) {
        let words = [0x803] + dimensions
        let bytes = words.flatMap { word in withUnsafeBytes(of: UInt32(word).bigEndian) { Array($0) } }
        guard
            case .malformed("absurd", .dimensions(dimensions, _)) = failure({ () throws(DatasetError) in
                try IDXFile.images(from: bytes, name: "absurd")
            })
        else {
            Issue.record("\(dimensions) are not refused")
            return
        }
    }

    @Test("a label that is no class is refused with its index")
    func labelOutOfRange() {
        let bytes = IDXFile.encode(labels: [0, 9, 10, 200])
        let error = failure { () throws(DatasetError) in
            try IDXFile.labels(from: bytes, name: "labels", classCount: 10)
        }
        #expect(error == .labelOutOfRange(file: "labels", index: 2, label: 10, classCount: 10))
        #expect("\(error ?? .shape(name: "", problem: ""))".contains("label 2 (counted from 0) is 10, expected 0 to 9"))
    }

    @Test("a set of any size is read from its two files, plain or packed, and must fit together")
    func dataset() throws {
        try withTemporaryFolder { folder in
            func write(_ name: String, _ bytes: [UInt8]) throws {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            func load(_ labels: String) throws(DatasetError) -> ImageDataset {
                try IDXFile.dataset(images: "images", labels: labels, classNames: ["a", "b"], searching: [folder])
            }
            try write("images.gz", Gzip.packed(IDXFile.encode(sampleImages)))
            try write("labels", IDXFile.encode(labels: [0, 1, 1, 0, 1]))
            let dataset = try load("labels")
            #expect((dataset.height, dataset.width, dataset.channels) == (4, 3, 1))
            #expect(dataset.pixels == sampleImages.pixels && dataset.labels == [0, 1, 1, 0, 1])
            try write("few", IDXFile.encode(labels: [0, 1]))
            let few = failure { () throws(DatasetError) in try load("few") }
            #expect(few.map { "\($0)" }?.contains("images.gz has 5 images, \(folder)/few has 2 labels") ?? false)
            try write("high", IDXFile.encode(labels: [0, 1, 2, 0, 0]))
            let high = failure { () throws(DatasetError) in try load("high") }
            #expect(high == .labelOutOfRange(file: "\(folder)/high", index: 2, label: 2, classCount: 2))
            #expect(
                failure { () throws(DatasetError) in try load("none") }
                    == .missing(file: "none", searched: [folder]))
        }
    }
}
