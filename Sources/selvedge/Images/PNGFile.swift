import NeuralNetwork

/// PNG files as a model takes them.
enum PNGFile {
    /// The pixels of a file whose image has this shape.
    static func pixels(_ path: String, shape: ImageShape) throws -> [UInt8] {
        throw ExitStatus(EX_USAGE, "\(path): name images of the data set, as test:17")
    }
}
