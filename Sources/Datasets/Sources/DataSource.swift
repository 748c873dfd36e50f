package import Core
import Glibc

/// A kind of data source. Each kind is one file in this folder.
package protocol DataSource: SettingsKind {
    /// What people call the images: the kind's name, or the training file or folder that the user names.
    var title: String { get }

    /// What each label means; empty until `resolved` has found them.
    var classNames: [String] { get }

    /// Names of the files and folders that make up the set. A folder with one of them has the set. Empty for made-up
    /// images.
    var files: [String] { get }

    /// The folders that are searched, first to last.
    func folders(_ request: DataRequest) -> [String]

    /// Whether validation images may be in a separate file.
    static var hasValidationFiles: Bool { get }

    /// Whether the source has a test set.
    var hasTest: Bool { get }

    /// Whether each value of an image file becomes 255 minus itself.
    var isInverted: Bool { get }

    /// The same source with all that it takes from its files and a checkpoint needs without them: the class names.
    func resolved(_ request: DataRequest) throws(DatasetError) -> any DataSource

    /// Loads the sets for training and for the test, whole. The test set is nil where the source has none and where it
    /// is not needed.
    func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?)

    /// Loads a file of validation images, in the form of the training file.
    func validationSet(_ file: String, _ request: DataRequest) throws(DatasetError) -> ImageDataset
}

extension DataSource {
    package static var hasValidationFiles: Bool { false }

    package var title: String { key }

    package var hasTest: Bool { true }

    package var isInverted: Bool { false }

    package func resolved(_ request: DataRequest) throws(DatasetError) -> any DataSource { self }

    package func folders(_ request: DataRequest) -> [String] { request.folders }

    /// Whether a folder has a file of the set, plain or with `.gz`.
    package func isPresent(in folder: String) -> Bool {
        files.contains { access("\(folder)/\($0)", F_OK) == 0 || access("\(folder)/\($0).gz", F_OK) == 0 }
    }

    /// The folder from which the set is taken; nil where none has it, and for made-up images.
    package func folder(_ request: DataRequest) -> String? { folders(request).first(where: isPresent) }

    package func validationSet(_ file: String, _ request: DataRequest) throws(DatasetError) -> ImageDataset {
        throw .shape(name: key, problem: "it has no files for validation: choose another validation")
    }
}

/// Where images come from. The file of each kind of source adds a function that makes it.
///
/// ```swift
/// let source = DataSourceConfiguration.csv(training: "train.csv", test: "test.csv", classNames: ["cat", "dog"])
/// ```
public struct DataSourceConfiguration: Sendable, Equatable {
    package var source: any DataSource

    package init(_ source: any DataSource) {
        self.source = source
    }

    public static func == (left: Self, right: Self) -> Bool { left.source.isEqual(to: right.source) }
}

/// The list of all data sources.
package enum DataSourceKinds {
    package static let all: [any DataSource.Type] = [
        FashionMNISTSource.self, SyntheticSource.self, IDXFiles.self, CSVFiles.self, ImageFolders.self,
    ]

    /// A source is a bare name, or a name with a mapping of settings.
    package static func read(_ node: SettingNode) throws(SettingError) -> any DataSource {
        let choice = try node.choice(of: all, "the name of a data set", one: "one data set")
        return try all[choice.index].init(reading: choice)
    }
}

/// What an experiment and its user ask of a data source.
package struct DataRequest: Sendable {
    /// The folder that the user named for data, if any. No other is searched then.
    package var data: String?
    package var environment: [String: String]
    package var height: Int
    package var width: Int
    package var channels: Int
    /// Samples that the experiment's ranges reach for, for sources that make their images.
    package var trainingCount: Int
    package var testCount: Int
    /// Whether the test set is used.
    package var needsTest: Bool

    package init(
        data: String?, environment: [String: String], height: Int, width: Int, channels: Int, trainingCount: Int = 0,
        testCount: Int = 0, needsTest: Bool = true
    ) {
        self.data = data
        self.environment = environment
        self.height = height
        self.width = width
        self.channels = channels
        self.trainingCount = trainingCount
        self.testCount = testCount
        self.needsTest = needsTest
    }

    /// The folder that the user named, or else `$SELVEDGE_DATA`; nil without either. A named place that lacks the set
    /// is an error: no other place is searched.
    var namedFolder: String? { Self.namedFolder(data: data, environment: environment) }

    static func namedFolder(data: String?, environment: [String: String]) -> String? {
        [data, environment["SELVEDGE_DATA"]].lazy.compactMap { $0 }.first { !$0.isEmpty }
    }

    /// Folders in which files of an experiment are searched: the named one, or else the current folder.
    var folders: [String] { [namedFolder ?? "."] }

    func format(classNames: [String]) -> ImageFormat {
        ImageFormat(height: height, width: width, channels: channels, classNames: classNames)
    }
}

extension SettingFormat where Value == String {
    /// A path below the folder for data, so that an experiment does not depend on a host's folders.
    package static var dataPath: Self {
        .text("a path", "a path below the folder named with --data, without \"..\"") { text in
            let components = text.split(separator: "/", omittingEmptySubsequences: false)
            return text.utf8.count <= 1000 && !text.unicodeScalars.contains("\0")
                && !components.contains { $0.isEmpty || $0 == ".." }
        }
    }
}

extension SettingFormat where Value == [String] {
    /// 1 to 256 different names.
    static var classNames: Self {
        Self(
            "a list of 1 to 256 different names",
            read: { node throws(SettingError) in
                let elements = try node.elements("a list of class names")
                guard (1...256).contains(elements.count) else {
                    throw node.outOfRange("1 to 256 names", found: String(elements.count))
                }
                var names: [String] = []
                for element in elements {
                    let name = try element.text("a class name")
                    guard !name.isEmpty, name.utf8.count <= 100, !names.contains(name) else {
                        throw element.outOfRange(
                            "another name for each class, of at most 100 bytes", found: quoted(name))
                    }
                    names.append(name)
                }
                return names
            },
            text: { names in "[" + names.map { CanonicalText.quoted($0) }.joined(separator: ", ") + "]" })
    }

    /// Class names that are names of folders.
    static var folderNames: Self {
        Self(
            "a list of 1 to 256 names of sub-folders",
            read: { node throws(SettingError) in
                let names = try classNames.read(node)
                for name in names where name.contains("/") || name.hasPrefix(".") {
                    throw node.outOfRange("names of sub-folders", found: quoted(name))
                }
                return names
            }, text: classNames.text)
    }
}

extension SettingVisitor {
    mutating func visit(path key: String, _ value: inout String, _ documentation: String) throws(Failure) {
        try visit(key, &value, .dataPath, .required, documentation)
    }

    /// A path of the test set, which may be missing.
    mutating func visit(
        testPath key: String, _ value: inout String?, _ documentation: String
    ) throws(Failure) {
        try visit(key, optional: &value, .dataPath, documentation + " Missing only with `test: none`.")
    }
}
