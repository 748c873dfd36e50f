package import Core

/// Labelled images of one size, as bytes. Immutable; shared by all threads.
///
/// ```swift
/// let images = try ImageDataset(
///     name: "dots", height: 1, width: 2, channels: 1, classNames: ["left", "right"], pixels: [255, 0, 0, 255],
///     labels: [0, 1])
/// ```
public final class ImageDataset: Sendable {
    public let name: String
    public let sampleCount: Int
    public let height: Int
    public let width: Int
    public let channels: Int
    /// What each label means; label k is `classNames[k]`.
    public let classNames: [String]
    /// `[sampleCount, height, width, channels]`, 0…255.
    public let pixels: [UInt8]
    /// One a sample, each below `classNames.count`.
    public let labels: [UInt8]
    /// This many samples at the end are from another set: they may validate and are never trained on.
    package let validationCount: Int
    /// SHA-256 of the bytes of `DatasetArchive`: the same for every file format that decodes to the same samples.
    package let digest: SHA256Digest

    /// Takes decoded samples over: pixels `[labels.count, height, width, channels]`. The last `validationCount` samples
    /// may only validate. Throws `DatasetError` when sizes do not fit together or a label is no class.
    public init(
        name: String, height: Int, width: Int, channels: Int, classNames: [String], pixels: [UInt8], labels: [UInt8],
        validationCount: Int = 0
    ) throws(DatasetError) {
        guard !classNames.isEmpty, classNames.count <= 256 else {
            throw .shape(name: name, problem: "it has \(classNames.count) classes, expected 1 to 256")
        }
        guard let imageByteCount = Self.imageByteCount(height: height, width: width, channels: channels) else {
            throw .shape(
                name: name, problem: "images of \(height) × \(width) × \(channels), expected 1 to 65535 each")
        }
        let (pixelCount, overflow) = labels.count.multipliedReportingOverflow(by: imageByteCount)
        guard !overflow, pixelCount == pixels.count, !labels.isEmpty, labels.count <= Int(Int32.max) else {
            let problem =
                "\(labels.count) labels and \(pixels.count) bytes of images, expected \(imageByteCount) a label"
            throw .shape(name: name, problem: problem)
        }
        guard 0..<labels.count ~= validationCount else {
            throw .shape(
                name: name, problem: "\(validationCount) of its \(labels.count) samples are for validation only")
        }
        try IDXFile.check(labels, below: classNames.count, file: "data set \(name)")
        self.name = name
        sampleCount = labels.count
        self.height = height
        self.width = width
        self.channels = channels
        self.classNames = classNames
        self.pixels = pixels
        self.labels = labels
        self.validationCount = validationCount
        digest = DatasetArchive.digest(
            header: DatasetArchive.header([labels.count, height, width, channels]), labels: labels, pixels: pixels,
            trailer: DatasetArchive.trailer(validationCount: validationCount))
    }

    /// Bytes of one image.
    package var imageByteCount: Int { height * width * channels }

    /// Height · width · channels, each between 1 and 65535 (so that the product cannot overflow); else nil.
    static func imageByteCount(height: Int, width: Int, channels: Int) -> Int? {
        guard [height, width, channels].allSatisfy((1...0xFFFF).contains) else { return nil }
        return height * width * channels
    }
}

extension ImageDataset {
    /// The samples in a range, counted from 0, under the same name. Throws `DatasetError.shape` when there are fewer.
    package func part(_ range: Range<Int>) throws(DatasetError) -> ImageDataset {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= sampleCount else {
            throw .shape(
                name: name,
                problem: "samples \(range.lowerBound) to \(range.upperBound) (without the last) do not exist: it has "
                    + "\(sampleCount); choose another range")
        }
        if range == 0..<sampleCount, validationCount == 0 { return self }
        let bytes = range.lowerBound * imageByteCount..<range.upperBound * imageByteCount
        return try ImageDataset(
            name: name, height: height, width: width, channels: channels, classNames: classNames,
            pixels: Array(pixels[bytes]), labels: Array(labels[range]))
    }

    /// The samples at some indices, in their order, under another name.
    package func samples(_ indices: [Int32], name: String) throws(DatasetError) -> ImageDataset {
        var (chosenPixels, chosenLabels) = ([UInt8](), [UInt8]())
        chosenPixels.reserveCapacity(indices.count * imageByteCount)
        for index in indices.lazy.map({ Int($0) }) {
            chosenPixels += pixels[index * imageByteCount..<(index + 1) * imageByteCount]
            chosenLabels.append(labels[index])
        }
        return try ImageDataset(
            name: name, height: height, width: width, channels: channels, classNames: classNames, pixels: chosenPixels,
            labels: chosenLabels)
    }

    /// The samples that may be trained on: those that are not from another set.
    package var trainingPart: ImageDataset {
        get throws(DatasetError) { try part(0..<sampleCount - validationCount) }
    }

    /// These samples and then those of `validation`, which are for validation only. Throws `DatasetError.shape` when
    /// the images have another size or other classes.
    package func joined(withValidation validation: ImageDataset) throws(DatasetError) -> ImageDataset {
        guard [height, width, channels] == [validation.height, validation.width, validation.channels],
            classNames == validation.classNames
        else {
            throw .shape(
                name: validation.name,
                problem: "it has \(validation.height)×\(validation.width)×\(validation.channels) images of "
                    + "\(validation.classNames.count) classes, the training images are \(height)×\(width)×\(channels) of "
                    + "\(classNames.count)")
        }
        return try ImageDataset(
            name: name, height: height, width: width, channels: channels, classNames: classNames,
            pixels: pixels + validation.pixels, labels: labels + validation.labels,
            validationCount: validation.sampleCount)
    }
}

/// What the images of a set have in common.
package struct ImageFormat: Sendable, Equatable {
    package var height: Int
    package var width: Int
    /// Values a pixel.
    package var channels: Int
    /// What each label means; label k is `classNames[k]`.
    package var classNames: [String]
    /// Whether each value of an image file becomes 255 minus itself.
    package var isInverted: Bool

    package init(height: Int, width: Int, channels: Int, classNames: [String], isInverted: Bool = false) {
        self.height = height
        self.width = width
        self.channels = channels
        self.classNames = classNames
        self.isInverted = isInverted
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
