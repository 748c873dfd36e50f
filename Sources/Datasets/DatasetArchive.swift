/// A data set as one run of bytes, the form in which it travels: sample count, height, width and channels as 32-bit little-endian
/// words, then labels, then pixels. Its SHA-256 is the data set's digest.
public struct DatasetArchive: Sendable {
    static let headerByteCount = 16
    private let dataset: ImageDataset
    private let header: [UInt8]

    public init(_ dataset: ImageDataset) {
        self.dataset = dataset
        header = [dataset.sampleCount, dataset.height, dataset.width, dataset.channels].flatMap { extent in
            withUnsafeBytes(of: UInt32(extent).littleEndian) { Array($0) }
        }
    }

    public var byteCount: Int { header.count + dataset.labels.count + dataset.pixels.count }

    /// A copy of the bytes in a range of `0..<byteCount`.
    public func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "a range of the archive")
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var begin = 0
        for part in [header, dataset.labels, dataset.pixels] {
            let overlap = range.clamped(to: begin..<begin + part.count)
            result += part[(overlap.lowerBound - begin)..<(overlap.upperBound - begin)]
            begin += part.count
        }
        return result
    }
}

extension ImageDataset {
    /// The data set in an archive's bytes. Throws `DatasetError` when the bytes are not exactly one data set.
    public convenience init(archive: [UInt8], name: String, classNames: [String]) throws(DatasetError) {
        guard archive.count >= DatasetArchive.headerByteCount else {
            throw .shape(name: name, problem: "\(archive.count) bytes are too few for a data set")
        }
        let extents = archive.withUnsafeBytes { bytes in
            (0..<4).map { Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))) }
        }
        let labelEnd = DatasetArchive.headerByteCount + extents[0]
        guard labelEnd <= archive.count else {
            throw .shape(name: name, problem: "\(extents[0]) labels do not fit into \(archive.count) bytes")
        }
        try self.init(
            name: name, height: extents[1], width: extents[2], channels: extents[3], classNames: classNames,
            pixels: Array(archive[labelEnd...]), labels: Array(archive[DatasetArchive.headerByteCount..<labelEnd]))
    }
}
