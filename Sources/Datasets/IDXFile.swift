/// The file format IDX of the MNIST family: a big-endian header (magic, then one 32-bit word a dimension), then bytes.
///
/// Readers check the header before they allocate, read exactly what it demands, and refuse anything more.
package enum IDXFile {
    /// Images `[count, height, width]`, one byte a pixel.
    package struct Images: Sendable, Equatable {
        package var count: Int
        package var height: Int
        package var width: Int
        /// Row after row, image after image.
        package var pixels: [UInt8]

        package init(count: Int, height: Int, width: Int, pixels: [UInt8]) {
            self.count = count
            self.height = height
            self.width = width
            self.pixels = pixels
        }
    }

    static let imagesMagic: UInt32 = 0x0000_0803
    static let labelsMagic: UInt32 = 0x0000_0801

    /// No header may demand more than this, whatever is said about the shape.
    static let maximumPayloadByteCount = 1 << 30

    /// Reads images from the bytes of a plain or gzip-packed file; `name` stands in errors.
    ///
    /// Throws `DatasetError` for a wrong magic, a zero or oversized dimension, missing or surplus bytes, or a damaged stream.
    package static func images(from bytes: [UInt8], name: String) throws(DatasetError) -> Images {
        let content = try content(of: bytes, name: name, magic: imagesMagic)
        return Images(
            count: content.dimensions[0], height: content.dimensions[1], width: content.dimensions[2],
            pixels: content.payload)
    }

    /// Reads labels from the bytes of a plain or gzip-packed file; every label must be below `classCount`.
    package static func labels(from bytes: [UInt8], name: String, classCount: Int) throws(DatasetError) -> [UInt8] {
        let labels = try content(of: bytes, name: name, magic: labelsMagic).payload
        try check(labels, below: classCount, file: name)
        return labels
    }

    /// Throws `DatasetError.labelOutOfRange` for the first label that is no class.
    static func check(_ labels: [UInt8], below classCount: Int, file: String) throws(DatasetError) {
        for (index, label) in labels.enumerated() where label >= classCount {
            throw .labelOutOfRange(file: file, index: index, label: label, classCount: classCount)
        }
    }

    /// IDX files begin with two zero bytes and gzip files never do, so the first bytes tell them apart.
    private static func content(of bytes: [UInt8], name: String, magic: UInt32) throws(DatasetError) -> IDXContent {
        if bytes.starts(with: [0x1F, 0x8B]) {
            let source = try GzipSource(MemorySource(bytes), file: name)
            return try IDXContent.read(from: source, file: name, magic: magic, dimensions: nil)
        }
        return try IDXContent.read(from: MemorySource(bytes), file: name, magic: magic, dimensions: nil)
    }
}
