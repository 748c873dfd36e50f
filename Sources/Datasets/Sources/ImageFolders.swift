package import Core
import Glibc

/// A folder of PNG and JPEG files, with one sub-folder a class.
package enum ImageFolder {
    /// Reads a folder from the first of some folders that has it. Samples are ordered by class, in the order of the
    /// class names, and within a class in the order of their file names' bytes; names that begin with "." are skipped.
    /// Every image gets the channels and the size of the format.
    ///
    /// Throws `DatasetError` for a class without a sub-folder, a sub-folder that is no class, a file that is no image,
    /// and more than 1 GiB of pixels.
    package static func load(
        _ name: String, format: ImageFormat, searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let imageByteCount = try format.imageByteCount(name: name)
        let folder = try find(name, searching: folders)
        for entry in try Directory.names(in: folder) where !format.classNames.contains(entry) {
            throw .shape(
                name: name,
                problem: "\(folder) holds \(entry), expected only sub-folders with the names of the classes "
                    + format.classNames.prefix(10).joined(separator: ", "))
        }
        var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
        for (label, className) in format.classNames.enumerated() {
            let classFolder = "\(folder)/\(className)"
            for file in try Directory.names(in: classFolder) {
                guard pixels.count <= IDXFile.maximumPayloadByteCount - imageByteCount else {
                    throw .shape(
                        name: name, problem: "its images are more than \(IDXFile.maximumPayloadByteCount) bytes")
                }
                pixels += try image("\(classFolder)/\(file)", format)
                labels.append(UInt8(truncatingIfNeeded: label))
            }
        }
        guard !labels.isEmpty else { throw .shape(name: name, problem: "the sub-folders of \(folder) are empty") }
        return try ImageDataset(
            name: name, height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: pixels, labels: labels)
    }

    /// The names of a folder's sub-folders, in the order of their bytes.
    ///
    /// Throws `DatasetError.shape` where they cannot be the names of classes.
    static func classNames(_ name: String, searching folders: [String]) throws(DatasetError) -> [String] {
        let folder = try find(name, searching: folders)
        let names = try Directory.names(in: folder)
        if let file = names.first(where: { !isFolder("\(folder)/\($0)") }) {
            throw .shape(name: name, problem: "\(folder) holds the file \(file), expected a sub-folder for each class")
        }
        guard (1...256).contains(names.count), names.allSatisfy({ $0.utf8.count <= 100 }) else {
            throw .shape(
                name: name,
                problem: "\(folder) has \(names.count) sub-folders, expected one for each of 1 to 256 classes, with a "
                    + "name of at most 100 bytes")
        }
        return names
    }

    private static func image(_ path: String, _ format: ImageFormat) throws(DatasetError) -> [UInt8] {
        let name = path.lowercased()
        guard ImageFile.nameEndings.contains(where: name.hasSuffix) else {
            throw .image(
                file: path,
                problem:
                    "its name does not end with \(ImageFile.nameEndings.joined(separator: ", ")): remove it from the "
                    + "folder")
        }
        return try ImageFile.pixels(path: path, format: format)
    }

    private static func find(_ name: String, searching folders: [String]) throws(DatasetError) -> String {
        for folder in folders {
            let path = folder == "." ? name : "\(folder)/\(name)"
            if isFolder(path) { return path }
        }
        throw .missingFolder(name, searched: folders)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

/// Folders of image files as an experiment's data.
package struct ImageFolders: DataSource {
    package static let key = "image_folders"
    /// The second is the older name, which checkpoints have. It means the same.
    package static let keys = [key, "png_folders"]
    package static let documentation = """
        A folder each for training and test, with a sub-folder of PNG or JPEG files for each class, named as the class. \
        Every image gets the channels and the size of the model's input: RGB becomes grey by the luma of ITU-R BT.601, \
        grey is repeated for RGB, and other sizes are resized with Pillow's `BILINEAR`, height and width each for itself. \
        Samples are ordered by class, then by the bytes of their file names.
        """

    package let key: String
    package var training: String
    package var test: String?
    /// Nil until they are read from the training folder.
    package var givenClassNames: [String]?
    package var isInverted: Bool

    package init(
        key: String = Self.key, training: String, test: String?, classNames: [String]?, isInverted: Bool = false
    ) {
        self.key = key
        self.training = training
        self.test = test
        givenClassNames = classNames
        self.isInverted = isInverted
    }

    package init() { self.init(training: "", test: nil, classNames: nil) }

    package static func defaults(for key: String) -> Self {
        Self(key: key, training: "", test: nil, classNames: nil)
    }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(path: "training", &training, "The folder of training images.")
        try visitor.visit(testPath: "test", &test, "The folder of test images.")
        try visitor.visit(
            "classes", optional: &givenClassNames, .folderNames,
            "The names of the sub-folders, by label; missing for all sub-folders of the training folder, in the order of "
                + "their bytes. The run has their names.")
        try visitor.visit(
            "invert", &isInverted, .truth, .whenChanged,
            "Whether each value becomes 255 minus itself, for dark on light.")
    }

    package var title: String { training }

    package var classNames: [String] { givenClassNames ?? [] }

    package var files: [String] { [training] + (test.map { [$0] } ?? []) }

    package var hasTest: Bool { test != nil }

    package func resolved(_ request: DataRequest) throws(DatasetError) -> any DataSource {
        guard givenClassNames == nil else { return self }
        var result = self
        result.givenClassNames = try ImageFolder.classNames(training, searching: request.folders)
        return result
    }

    package func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?) {
        var format = request.format(classNames: classNames)
        if givenClassNames == nil {
            format.classNames = try ImageFolder.classNames(training, searching: request.folders)
        }
        format.isInverted = isInverted
        let trainingSet = try ImageFolder.load(training, format: format, searching: request.folders)
        guard let test, request.needsTest else { return (trainingSet, nil) }
        return (trainingSet, try ImageFolder.load(test, format: format, searching: request.folders))
    }
}

extension DataSourceConfiguration {
    /// Folders with a sub-folder of PNG or JPEG files for each class. Paths are relative to the folder with the data.
    /// Without a `test` folder the experiment has no test set. Without names of classes all sub-folders of the training
    /// folder are classes, in the order of their names' bytes.
    public static func imageFolders(
        training: String, test: String? = nil, classNames: [String]? = nil, isInverted: Bool = false
    ) -> Self {
        Self(ImageFolders(training: training, test: test, classNames: classNames, isInverted: isInverted))
    }
}
