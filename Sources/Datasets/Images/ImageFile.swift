import CImages

/// An image as pixels of 8 bits.
package struct Image: Sendable, Equatable {
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// `[height, width, channels]`
    package var pixels: [UInt8]

    package init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
        precondition(pixels.count == height * width * channels, "an image of \(height)×\(width)×\(channels)")
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels
    }
}

/// Reading of PNG and JPEG files. The bytes decide which it is, not the name.
///
/// Every kind of PNG is read: palettes become RGB, 1, 2 and 4 bits are widened, of 16 bits the upper 8 are kept,
/// transparency, gamma and colour profiles are ignored. JPEG files may be baseline or progressive, grey, RGB or CMYK;
/// a rotation that the camera noted is ignored. So Pillow decodes them too.
package enum ImageFile {
    /// The largest file that is read.
    package static let byteLimit = 64 << 20
    /// The most bytes that a file may decode to.
    static let pixelByteLimit = 1 << 28
    /// The endings of names of image files.
    static let nameEndings = [".png", ".jpg", ".jpeg"]

    /// Decodes the bytes of a file; `name` is the file's name in errors.
    ///
    /// Throws `DatasetError.image` for anything that is damaged, cut short, too large or of another format. The size is
    /// checked before memory is taken for pixels. Cost: one pass over the file.
    package static func decode(bytes: [UInt8], name: String) throws(DatasetError) -> Image {
        let format = try Format(bytes, name: name)
        var header = selvedge_image()
        guard bytes.withUnsafeBufferPointer({ format.readHeader($0, &header) }) else {
            throw .image(file: name, problem: problem(header))
        }
        let (height, width, channels) = (Int(header.height), Int(header.width), Int(header.channels))
        guard let count = ImageDataset.imageByteCount(height: height, width: width, channels: channels),
            count <= pixelByteLimit
        else {
            throw .image(
                file: name,
                problem: "it is \(height)×\(width), expected 1 to 65535 each way and at most \(pixelByteLimit) bytes "
                    + "of pixels")
        }
        var pixels = [UInt8](repeating: 0, count: count)
        let isDecoded = bytes.withUnsafeBufferPointer { bytes in
            pixels.withUnsafeMutableBufferPointer { format.readPixels(bytes, &header, $0) }
        }
        guard isDecoded else { throw .image(file: name, problem: problem(header)) }
        if channels == 4 {
            return Image(height: height, width: width, channels: 3, pixels: ImageConversion.rgb(fromInks: pixels))
        }
        return Image(height: height, width: width, channels: channels, pixels: pixels)
    }

    /// Reads a file and makes its pixels those of a format: first the channels, then the size, then the inversion.
    ///
    /// Throws `DatasetError.image`, `.unreadable` and `.noFile`.
    package static func pixels(path: String, format: ImageFormat) throws(DatasetError) -> [UInt8] {
        guard var source = try FileSource(path: path) else { throw .noFile(path) }
        let bytes = try source.bytes(atMost: byteLimit)
        guard bytes.count <= byteLimit else {
            throw .image(file: path, problem: "it is longer than \(byteLimit) bytes")
        }
        return try fitted(decode(bytes: bytes, name: path), to: format, name: path)
    }

    /// The pixels of an image in a format's channels and size, inverted where the format says so.
    static func fitted(_ image: Image, to format: ImageFormat, name: String) throws(DatasetError) -> [UInt8] {
        _ = try format.imageByteCount(name: name)
        guard [1, 3].contains(format.channels) else {
            throw .image(
                file: name, problem: "images have 1 or 3 channels, and the model's input has \(format.channels)")
        }
        let converted = format.channels == 1 ? ImageConversion.grey(image) : ImageConversion.rgb(image)
        guard image.height * format.width * format.channels <= pixelByteLimit else {
            throw .image(
                file: name,
                problem:
                    "it is \(image.height)×\(image.width) and cannot be resized to \(format.sizeText): it takes more "
                    + "than \(pixelByteLimit) bytes on the way")
        }
        let resized = ImageResampling.resized(converted, height: format.height, width: format.width).pixels
        return format.isInverted ? resized.map { 255 - $0 } : resized
    }

    private static func problem(_ image: selvedge_image) -> String {
        var image = image
        return withUnsafeBytes(of: &image.problem) { bytes in
            // The libraries' messages are ASCII; they may quote a chunk's name.
            let text = bytes.prefix { $0 != 0 }.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

/// The format of an image file.
private enum Format {
    case png, jpeg

    private static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// What files of other formats begin with.
    private static let others: [(name: String, offset: Int, signature: String)] = [
        ("GIF", 0, "GIF8"), ("BMP", 0, "BM"), ("WebP", 8, "WEBP"), ("TIFF", 0, "II*\0"), ("TIFF", 0, "MM\0*"),
        ("HEIC or AVIF", 4, "ftyp"), ("SVG", 0, "<svg"), ("XML or SVG", 0, "<?xml"),
    ]

    init(_ bytes: [UInt8], name: String) throws(DatasetError) {
        if bytes.starts(with: Self.pngSignature) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if let other = Self.others.first(where: { bytes.dropFirst($0.offset).starts(with: $0.signature.utf8) }) {
            throw .image(file: name, problem: "it is a \(other.name) file: save it as PNG or JPEG")
        } else {
            throw .image(
                file: name,
                problem: bytes.isEmpty ? "it is empty" : "it begins like neither a PNG nor a JPEG file")
        }
    }

    func readHeader(_ bytes: UnsafeBufferPointer<UInt8>, _ image: inout selvedge_image) -> Bool {
        switch self {
        case .png: selvedge_png_header(bytes.baseAddress, bytes.count, &image)
        case .jpeg: selvedge_jpeg_header(bytes.baseAddress, bytes.count, &image)
        }
    }

    func readPixels(
        _ bytes: UnsafeBufferPointer<UInt8>, _ image: inout selvedge_image, _ pixels: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        switch self {
        case .png: selvedge_png_pixels(bytes.baseAddress, bytes.count, &image, pixels.baseAddress)
        case .jpeg: selvedge_jpeg_pixels(bytes.baseAddress, bytes.count, &image, pixels.baseAddress)
        }
    }
}
