package import Core
import Glibc

/// Images as PNG files, in a folder with one sub-folder a class.
package enum PNGFolder {
    /// Reads a folder from the first of some folders that has it. Samples are ordered by class, in the order of the
    /// class names, and within a class in the order of their file names' bytes; names that begin with "." are skipped.
    ///
    /// Throws `DatasetError` for a class without a sub-folder, a sub-folder that is no class, a file that is no PNG
    /// image of exactly this size, and more than 1 GiB of pixels.
    package static func load(
        _ name: String, format: ImageFormat, searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let imageByteCount = try format.imageByteCount(name: name)
        let folder = try find(name, searching: folders)
        for entry in try Directory.names(in: folder) where !format.classNames.contains(entry) {
            throw .shape(
                name: name,
                problem: "\(folder) holds \(entry), expected only sub-folders with the names of the classes")
        }
        var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
        for (label, className) in format.classNames.enumerated() {
            let classFolder = "\(folder)/\(className)"
            for file in try Directory.names(in: classFolder) {
                guard pixels.count <= IDXFile.maximumPayloadByteCount - imageByteCount else {
                    throw .shape(
                        name: name, problem: "its images are more than \(IDXFile.maximumPayloadByteCount) bytes")
                }
                pixels += try image("\(classFolder)/\(file)", format).pixels
                labels.append(UInt8(truncatingIfNeeded: label))
            }
        }
        return try ImageDataset(
            name: name, height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: pixels, labels: labels)
    }

    /// The largest file that is read.
    static let fileByteLimit = 64 << 20

    private static func image(_ path: String, _ format: ImageFormat) throws(DatasetError) -> PNGImage {
        guard path.lowercased().hasSuffix(".png") else {
            throw .image(file: path, problem: "its name does not end with .png: remove it from the folder")
        }
        guard var source = try FileSource(path: path) else { throw .unreadable(file: path, reason: "it is gone") }
        let bytes = try source.bytes(atMost: fileByteLimit)
        guard bytes.count <= fileByteLimit else {
            throw .image(file: path, problem: "it is longer than \(fileByteLimit) bytes")
        }
        return try PNGImage.decode(bytes: bytes, name: path, expected: format)
    }

    private static func find(_ name: String, searching folders: [String]) throws(DatasetError) -> String {
        for folder in folders {
            let path = folder == "." ? name : "\(folder)/\(name)"
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return path }
        }
        throw .missingFolder(name, searched: folders)
    }
}

/// Folders of PNG files as an experiment's data.
package struct PNGFolders: DataSource {
    package static let key = "png_folders"
    package static let documentation = """
        A folder each for training and test, with a sub-folder of PNG files for each class, named as the class. The model's \
        input gives the size. Samples are ordered by class, then by the bytes of their file names.
        """

    package var training: String
    package var test: String
    package var classNames: [String]

    package init(training: String, test: String, classNames: [String]) {
        self.training = training
        self.test = test
        self.classNames = classNames
    }

    package init() { self.init(training: "", test: "", classNames: []) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(path: "training", &training, "The folder of training images.")
        try visitor.visit(path: "test", &test, "The folder of test images.")
        try visitor.visit("classes", &classNames, .folderNames, .required, "The names of the sub-folders, by label.")
    }

    package var files: [String] { [training, test] }

    package func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset) {
        let format = request.format(classNames: classNames)
        return (
            try PNGFolder.load(training, format: format, searching: request.folders),
            try PNGFolder.load(test, format: format, searching: request.folders)
        )
    }
}

extension DataSourceConfiguration {
    /// Folders with a sub-folder of PNG files for each class. Paths are relative to the folder with the data.
    public static func pngFolders(training: String, test: String, classNames: [String]) -> Self {
        Self(PNGFolders(training: training, test: test, classNames: classNames))
    }
}
