import Core

/// A data set as one run of bytes, the form in which it travels: sample count, height, width and channels as 32-bit
/// little-endian words, then labels, then pixels, then, if it is not 0, the number of samples for validation only as
/// another word. Its SHA-256 is the data set's digest.
package struct DatasetArchive: Sendable {
    private let dataset: ImageDataset
    private let header: [UInt8]
    private let trailer: [UInt8]

    package init(_ dataset: ImageDataset) {
        self.dataset = dataset
        header = Self.header([dataset.sampleCount, dataset.height, dataset.width, dataset.channels])
        trailer = Self.trailer(validationCount: dataset.validationCount)
    }

    package var byteCount: Int { header.count + dataset.labels.count + dataset.pixels.count + trailer.count }

    /// A copy of the bytes in a range of `0..<byteCount`.
    package func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "a range of the archive")
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var begin = 0
        for part in [header, dataset.labels, dataset.pixels, trailer] {
            let overlap = range.clamped(to: begin..<begin + part.count)
            result += part[(overlap.lowerBound - begin)..<(overlap.upperBound - begin)]
            begin += part.count
        }
        return result
    }

    static func header(_ extents: [Int]) -> [UInt8] { extents.flatMap(word) }

    static func trailer(validationCount: Int) -> [UInt8] { validationCount == 0 ? [] : word(validationCount) }

    static func digest(header: [UInt8], labels: [UInt8], pixels: [UInt8], trailer: [UInt8]) -> SHA256Digest {
        var hasher = SHA256Hasher()
        for part in [header, labels, pixels, trailer] { part.withUnsafeBytes { hasher.update($0) } }
        return hasher.finish()
    }

    private static func word(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(number).littleEndian) { Array($0) }
    }
}

extension ImageDataset {
    private static let headerByteCount = 16

    /// The data set in an archive's bytes. Throws `DatasetError` when the bytes are not exactly one data set.
    package convenience init(archive: [UInt8], name: String, classNames: [String]) throws(DatasetError) {
        let headerByteCount = Self.headerByteCount
        guard archive.count >= headerByteCount else {
            throw .shape(name: name, problem: "\(archive.count) bytes are too few for a data set")
        }
        let extents = (0..<4).map { Self.word(of: archive, at: 4 * $0) }
        let labelEnd = headerByteCount + extents[0]
        guard labelEnd <= archive.count else {
            throw .shape(name: name, problem: "\(extents[0]) labels do not fit into \(archive.count) bytes")
        }
        let imageByteCount = Self.imageByteCount(height: extents[1], width: extents[2], channels: extents[3]) ?? 0
        let (pixelByteCount, overflow) = imageByteCount.multipliedReportingOverflow(by: extents[0])
        let hasTrailer = !overflow && archive.count - labelEnd == pixelByteCount + 4
        let pixelEnd = hasTrailer ? archive.count - 4 : archive.count
        let validationCount = hasTrailer ? Self.word(of: archive, at: pixelEnd) : 0
        guard !hasTrailer || validationCount > 0 else {
            throw .shape(name: name, problem: "something follows its pixels")
        }
        try self.init(
            name: name, height: extents[1], width: extents[2], channels: extents[3], classNames: classNames,
            pixels: Array(archive[labelEnd..<pixelEnd]), labels: Array(archive[headerByteCount..<labelEnd]),
            validationCount: validationCount)
    }

    private static func word(of bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}
