import Core
import Testing

@testable import Datasets

@Suite struct ImageDatasetTests {
    @Test("the digest is SHA-256 over shape, labels and pixels, and over nothing else")
    func digest() throws {
        let dataset = try make(labels: [0, 1, 1], pixels: Array(0..<12))
        let bytes: [UInt8] = [3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0] + [0, 1, 1] + Array(0..<12)
        #expect(dataset.digest == SHA256Digest(of: bytes))
        #expect(dataset.sampleCount == 3)
        #expect(dataset.imageByteCount == 4)
        let renamed = try ImageDataset(
            name: "other", height: 2, width: 2, channels: 1, classNames: ["x", "y", "z"], pixels: dataset.pixels,
            labels: dataset.labels)
        #expect(renamed.digest == dataset.digest)
        let reshaped = try ImageDataset(
            name: "reshaped", height: 1, width: 4, channels: 1, classNames: ["x", "y"], pixels: dataset.pixels,
            labels: dataset.labels)
        #expect(reshaped.digest != dataset.digest)
    }

    @Test(
        "sizes that do not fit together are refused",
        arguments: [
            (2, 2, 1, 11), (2, 2, 1, 13), (2, 2, 1, 0), (0, 2, 1, 0), (2, -2, 1, 12), (2, 2, 0, 12),
            (1 << 40, 1 << 40, 1, 12),
        ])
    func sizes(height: Int, width: Int, channels: Int, pixelCount: Int) {
        guard
            case .shape("sizes", _) = failure({ () throws(DatasetError) in
                try ImageDataset(
                    name: "sizes", height: height, width: width, channels: channels, classNames: ["a", "b"],
                    pixels: [UInt8](repeating: 0, count: pixelCount), labels: [0, 1, 1])
            })
        else {
            Issue.record("the sizes are not refused")
            return
        }
    }

    @Test("no samples, no classes, and labels that are no class are refused")
    func contents() {
        #expect(failure { () throws(DatasetError) in try make(labels: [], pixels: []) } != nil)
        let noClasses = failure { () throws(DatasetError) in
            try ImageDataset(name: "n", height: 1, width: 1, channels: 1, classNames: [], pixels: [0], labels: [0])
        }
        #expect(noClasses == .shape(name: "n", problem: "it has 0 classes, expected 1 to 256"))
        let label = failure { () throws(DatasetError) in
            try make(labels: [0, 1, 2], pixels: Array(0..<12))
        }
        #expect(label == .labelOutOfRange(file: "data set test", index: 2, label: 2, classCount: 2))
    }

    @Test("parts hold their samples; validation samples of another set count in the digest and travel with the rest")
    func parts() throws {
        let dataset = try make(labels: [0, 1, 1], pixels: Array(0..<12))
        let part = try dataset.part(1..<3)
        #expect(part.labels == [1, 1] && part.pixels == Array(4..<12))
        for range in [0..<4, 2..<2, -1..<2] {
            #expect(failure { () throws(DatasetError) in try dataset.part(range) } != nil)
        }
        let joined = try dataset.joined(withValidation: make(labels: [1], pixels: [9, 9, 9, 9]))
        #expect(joined.sampleCount == 4 && joined.validationCount == 1)
        let plain = try make(labels: [0, 1, 1, 1], pixels: Array(0..<12) + [9, 9, 9, 9])
        #expect(joined.pixels == plain.pixels && joined.digest != plain.digest)
        #expect(try joined.trainingPart.digest == dataset.digest)
        for set in [dataset, joined] {
            let archive = DatasetArchive(set)
            let bytes = archive.bytes(in: 0..<archive.byteCount)
            #expect(SHA256Digest(of: bytes) == set.digest)
            #expect(archive.bytes(in: 0..<5) + archive.bytes(in: 5..<archive.byteCount) == bytes)
            let back = try ImageDataset(archive: bytes, name: "back", classNames: ["a", "b"])
            #expect(back.digest == set.digest && back.validationCount == set.validationCount)
            for wrong in [bytes + [0, 0, 0, 0], bytes + [0], Array(bytes.dropLast()), bytes + [4, 0, 0, 0, 0]] {
                let error = failure { () throws(DatasetError) in
                    try ImageDataset(archive: wrong, name: "wrong", classNames: ["a", "b"])
                }
                #expect(error != nil)
            }
        }
        let wide = try ImageDataset(
            name: "wide", height: 1, width: 4, channels: 1, classNames: ["a", "b"], pixels: [1, 2, 3, 4], labels: [0])
        #expect(failure { () throws(DatasetError) in try dataset.joined(withValidation: wide) } != nil)
    }

    private func make(labels: [UInt8], pixels: [UInt8]) throws(DatasetError) -> ImageDataset {
        try ImageDataset(
            name: "test", height: 2, width: 2, channels: 1, classNames: ["a", "b"], pixels: pixels, labels: labels)
    }
}
