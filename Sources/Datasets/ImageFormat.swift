/// What the images of a set have in common.
package struct ImageFormat: Sendable, Equatable {
    package var height: Int
    package var width: Int
    /// Values a pixel.
    package var channels: Int
    /// What each label means; label k is `classNames[k]`.
    package var classNames: [String]

    package init(height: Int, width: Int, channels: Int, classNames: [String]) {
        self.height = height
        self.width = width
        self.channels = channels
        self.classNames = classNames
    }

    /// Such as "28×28×1".
    package var sizeText: String { "\(height)×\(width)×\(channels)" }

    /// Bytes of one image. Throws `DatasetError.shape` when it is larger than an image of any file may be.
    func imageByteCount(name: String) throws(DatasetError) -> Int {
        guard let count = ImageDataset.imageByteCount(height: height, width: width, channels: channels),
            count <= Self.imageByteLimit
        else {
            let expected = "at most \(Self.imageByteLimit) values, 1 to 65535 each way"
            throw .shape(name: name, problem: "its images are to be \(sizeText), expected \(expected)")
        }
        return count
    }

    /// The largest image that is read from a file.
    static let imageByteLimit = 1 << 24
}
