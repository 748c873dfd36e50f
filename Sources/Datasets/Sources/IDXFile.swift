package import Core

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

    /// The largest payload of any header.
    static let maximumPayloadByteCount = 1 << 30

    /// Reads images from the bytes of a plain or gzip-packed file; `name` is the file's name in errors.
    ///
    /// Throws `DatasetError` for a wrong magic, a zero or oversized dimension, missing or surplus bytes, or a damaged
    /// stream.
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

    /// IDX files begin with two zero bytes and gzip files never do, so the first bytes distinguish them.
    private static func content(of bytes: [UInt8], name: String, magic: UInt32) throws(DatasetError) -> IDXContent {
        if bytes.starts(with: [0x1F, 0x8B]) {
            let source = try GzipSource(MemorySource(bytes), file: name)
            return try IDXContent.read(from: source, file: name, magic: magic, dimensions: nil)
        }
        return try IDXContent.read(from: MemorySource(bytes), file: name, magic: magic, dimensions: nil)
    }
}

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

extension IDXFile {
    /// Images of any one size and their labels, from two files that are looked for in some folders, plain or with
    /// `.gz`.
    ///
    /// Throws `DatasetError` when a file is missing everywhere or malformed, when counts differ, or a label is no
    /// class.
    package static func dataset(
        images: String, labels: String, classNames: [String], searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let (labelContent, labelPath) = try content(of: labels, magic: labelsMagic, searching: folders)
        let (imageContent, imagePath) = try content(of: images, magic: imagesMagic, searching: folders)
        try check(labelContent.payload, below: classNames.count, file: labelPath)
        let (count, dimensions) = (labelContent.payload.count, imageContent.dimensions)
        guard count == dimensions[0] else {
            throw .shape(
                name: images, problem: "\(imagePath) has \(dimensions[0]) images, \(labelPath) has \(count) labels")
        }
        return try ImageDataset(
            name: images, height: dimensions[1], width: dimensions[2], channels: 1, classNames: classNames,
            pixels: imageContent.payload, labels: labelContent.payload)
    }

    private static func content(
        of name: String, magic: UInt32, searching folders: [String]
    ) throws(DatasetError) -> (content: IDXContent, path: String) {
        let file = try FoundFile.find(name, searching: folders)
        let path = file.path
        return (try IDXContent.read(from: file, file: path, magic: magic, dimensions: nil), path)
    }
}

/// One IDX file, read to its end and checked against its own header.
struct IDXContent {
    let header: [UInt8]
    let dimensions: [Int]
    let payload: [UInt8]

    /// SHA-256 of the whole unpacked file.
    var digest: SHA256Digest {
        var hasher = SHA256Hasher()
        header.withUnsafeBytes { hasher.update($0) }
        payload.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    /// Reads a file whose magic must be `magic` and, where given, whose dimensions must be `dimensions`.
    ///
    /// The payload is allocated after the header is checked, never larger than the header announces, and filled a
    /// window at a time, so that memory grows only with the bytes that are there.
    static func read<Source: ByteSource & ~Copyable>(
        from source: consuming Source, file: String, magic: UInt32, dimensions expected: [Int]?
    ) throws(DatasetError) -> IDXContent {
        let headerByteCount = 4 + 4 * Int(magic & 0xFF)
        let header = try bytes(headerByteCount, from: &source)
        if header.count >= 4 {
            let found = word(of: header, at: 0)
            guard found == magic else { throw .malformed(file: file, problem: .magic(found: found, expected: magic)) }
        }
        guard header.count == headerByteCount else {
            let problem = IDXProblem.truncatedHeader(byteCount: header.count, expected: headerByteCount)
            throw .malformed(file: file, problem: problem)
        }
        let dimensions = stride(from: 4, to: headerByteCount, by: 4).map { Int(word(of: header, at: $0)) }
        let payloadByteCount = try payloadByteCount(of: dimensions, expected: expected, file: file)
        let payload = try bytes(payloadByteCount, from: &source)
        guard payload.count == payloadByteCount else {
            let problem = IDXProblem.truncated(
                byteCount: headerByteCount + payload.count, expected: headerByteCount + payloadByteCount)
            throw .malformed(file: file, problem: problem)
        }
        guard try bytes(1, from: &source).isEmpty else {
            throw .malformed(file: file, problem: .oversized(expected: headerByteCount + payloadByteCount))
        }
        return IDXContent(header: header, dimensions: dimensions, payload: payload)
    }

    /// The product of the dimensions, each at least 1, if it stays within what any file may hold.
    private static func payloadByteCount(
        of dimensions: [Int], expected: [Int]?, file: String
    ) throws(DatasetError) -> Int {
        if let expected, dimensions != expected {
            let text = expected.map(String.init).joined(separator: " × ")
            throw .malformed(file: file, problem: .dimensions(found: dimensions, expected: text))
        }
        var product = 1
        for dimension in dimensions {
            let (partial, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow, partial > 0, partial <= IDXFile.maximumPayloadByteCount else {
                let text = "at least 1 each and at most \(IDXFile.maximumPayloadByteCount) bytes together"
                throw .malformed(file: file, problem: .dimensions(found: dimensions, expected: text))
            }
            product = partial
        }
        return product
    }

    /// Up to `count` bytes; fewer only if the source ends.
    private static func bytes<Source: ByteSource & ~Copyable>(
        _ count: Int, from source: inout Source
    ) throws(DatasetError) -> [UInt8] {
        var failure: DatasetError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filledCount in
            let target = UnsafeMutableRawBufferPointer(target)
            do throws(DatasetError) {
                while filledCount < count {
                    let windowEnd = min(count, filledCount + windowByteCount)
                    let window = UnsafeMutableRawBufferPointer(rebasing: target[filledCount..<windowEnd])
                    let readCount = try source.read(into: window)
                    if readCount == 0 { break }
                    filledCount += readCount
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static let windowByteCount = 64 << 10

    private static func word(of header: [UInt8], at offset: Int) -> UInt32 {
        header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// IDX files as an experiment's data.
package struct IDXFiles: DataSource {
    package static let key = "idx"
    package static let documentation = """
        Files in the format of MNIST, plain or with `.gz`: images `[count, height, width]` and labels `[count]`, one byte \
        each.
        """

    package var trainingImages: String
    package var trainingLabels: String
    package var testImages: String?
    package var testLabels: String?
    package var classNames: [String]

    package init(
        trainingImages: String, trainingLabels: String, testImages: String?, testLabels: String?, classNames: [String]
    ) {
        self.trainingImages = trainingImages
        self.trainingLabels = trainingLabels
        self.testImages = testImages
        self.testLabels = testLabels
        self.classNames = classNames
    }

    package init() {
        self.init(trainingImages: "", trainingLabels: "", testImages: nil, testLabels: nil, classNames: [])
    }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(path: "training_images", &trainingImages, "The file of training images.")
        try visitor.visit(path: "training_labels", &trainingLabels, "The file of their labels.")
        try visitor.visit(testPath: "test_images", &testImages, "The file of test images.")
        try visitor.visit(testPath: "test_labels", &testLabels, "The file of their labels.")
        try visitor.visit("classes", &classNames, .classNames, .required, "What each label means, from 0.")
    }

    package var conflict: SettingConflict? {
        (testImages == nil) == (testLabels == nil)
            ? nil
            : SettingConflict(
                key: testImages == nil ? "test_labels" : "test_images",
                reason: "give test_images and test_labels, or neither")
    }

    package var title: String { trainingImages }

    package var files: [String] { [trainingImages, trainingLabels] + [testImages, testLabels].compactMap { $0 } }

    package var hasTest: Bool { testImages != nil && testLabels != nil }

    package func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?) {
        let training = try IDXFile.dataset(
            images: trainingImages, labels: trainingLabels, classNames: classNames, searching: request.folders)
        guard let testImages, let testLabels, request.needsTest else { return (training, nil) }
        let test = try IDXFile.dataset(
            images: testImages, labels: testLabels, classNames: classNames, searching: request.folders)
        return (training, test)
    }
}

extension DataSourceConfiguration {
    /// Files in the format of MNIST. Paths are relative to the folder with the data. Without test files the experiment
    /// has no test set.
    public static func idx(
        trainingImages: String, trainingLabels: String, testImages: String? = nil, testLabels: String? = nil,
        classNames: [String]
    ) -> Self {
        Self(
            IDXFiles(
                trainingImages: trainingImages, trainingLabels: trainingLabels, testImages: testImages,
                testLabels: testLabels, classNames: classNames))
    }
}
