import Datasets
import Runs

/// PNG files as a model takes them.
enum PNGFile {
    private static let byteLimit = 64 << 20

    /// The pixels of a file whose image has this format.
    static func pixels(_ path: String, format: ImageFormat) throws -> [UInt8] {
        let bytes = try FileOperations().read(path, byteLimit: byteLimit)
        return try PNGImage.decode(bytes: bytes, name: path, expected: format).pixels
    }
}
