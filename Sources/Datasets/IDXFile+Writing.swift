extension IDXFile {
    /// The bytes of a plain image file; there must be count · height · width pixels.
    package static func encode(_ images: Images) -> [UInt8] {
        precondition(
            images.pixels.count == images.count * images.height * images.width, "a pixel count that is not the shape's")
        return header(magic: imagesMagic, dimensions: [images.count, images.height, images.width]) + images.pixels
    }

    /// The bytes of a plain label file.
    package static func encode(labels: [UInt8]) -> [UInt8] {
        header(magic: labelsMagic, dimensions: [labels.count]) + labels
    }

    private static func header(magic: UInt32, dimensions: [Int]) -> [UInt8] {
        ([magic] + dimensions.map { UInt32($0) }).flatMap { word in
            withUnsafeBytes(of: word.bigEndian) { Array($0) }
        }
    }
}
