import Core

/// Reads where an experiment's images come from.
enum DataSourceReader {
    private static let plainNames = [DatasetSource.fashionMNIST.name, DatasetSource.synthetic.name]
    private static let namesWithFiles = ["idx", "csv", "png_folders"]

    /// A bare name, or a name with the files of a set of the user's own.
    static func source(_ field: SettingNode) throws(SettingError) -> DatasetSource {
        if field.isScalar {
            let name = try field.text("the name of a data set")
            switch name {
            case DatasetSource.fashionMNIST.name: return .fashionMNIST
            case DatasetSource.synthetic.name: return .synthetic
            case "idx": throw field.failure(.missingKey("training_images"))
            case "csv", "png_folders": throw field.failure(.missingKey("training"))
            default: throw field.unknownValue(name, plainNames + namesWithFiles)
            }
        }
        let mapping = try field.mapping(allowed: namesWithFiles, expected: "a data set")
        guard let name = mapping.keys.first, mapping.keys.count == 1 else { throw field.wrongType("one data set") }
        let settings = try mapping.required(name)
        switch name {
        case "idx": return .idx(try idx(settings))
        case "csv": return .csv(try csv(settings))
        default: return .pngFolders(try pngFolders(settings))
        }
    }

    private static func idx(_ field: SettingNode) throws(SettingError) -> DatasetSource.IDXFiles {
        let keys = ["training_images", "training_labels", "test_images", "test_labels"]
        let mapping = try field.mapping(allowed: keys + ["classes"])
        return DatasetSource.IDXFiles(
            trainingImages: try path(mapping.required(keys[0])), trainingLabels: try path(mapping.required(keys[1])),
            testImages: try path(mapping.required(keys[2])), testLabels: try path(mapping.required(keys[3])),
            classNames: try classNames(mapping.required("classes")))
    }

    private static func csv(_ field: SettingNode) throws(SettingError) -> DatasetSource.CSVFiles {
        let mapping = try field.mapping(allowed: ["training", "test", "classes"])
        return DatasetSource.CSVFiles(
            training: try path(mapping.required("training")), test: try path(mapping.required("test")),
            classNames: try classNames(mapping.required("classes")))
    }

    private static func pngFolders(_ field: SettingNode) throws(SettingError) -> DatasetSource.PNGFolders {
        let mapping = try field.mapping(allowed: ["training", "test", "classes"])
        let classesField = try mapping.required("classes")
        let names = try classNames(classesField)
        for name in names where name.contains("/") || name.hasPrefix(".") {
            throw classesField.failure(.outOfRange(expected: "names of sub-folders", found: quoted(name)))
        }
        return DatasetSource.PNGFolders(
            training: try path(mapping.required("training")), test: try path(mapping.required("test")),
            classNames: names)
    }

    /// A path below the folder for data: an experiment holds on every host, whatever its folders are called.
    static func path(_ field: SettingNode) throws(SettingError) -> String {
        let text = try field.text("a path")
        let components = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= ExperimentLimits.pathByteCount, !text.unicodeScalars.contains("\0"),
            !components.contains(where: { $0.isEmpty || $0 == ".." })
        else {
            let expected = "a path below the folder named with --data, without \"..\""
            throw field.failure(.outOfRange(expected: expected, found: quoted(text)))
        }
        return text
    }

    /// 1 to 256 different names.
    private static func classNames(_ field: SettingNode) throws(SettingError) -> [String] {
        let elements = try field.elements("a list of class names")
        guard ExperimentLimits.classes.contains(elements.count) else {
            let expected = "1 to \(ExperimentLimits.classes.upperBound) names"
            throw field.failure(.outOfRange(expected: expected, found: String(elements.count)))
        }
        var names: [String] = []
        for element in elements {
            let name = try element.text("a class name")
            guard !name.isEmpty, name.utf8.count <= ExperimentLimits.classNameByteCount, !names.contains(name) else {
                let expected = "another name for each class, of at most \(ExperimentLimits.classNameByteCount) bytes"
                throw element.failure(.outOfRange(expected: expected, found: quoted(name)))
            }
            names.append(name)
        }
        return names
    }
}
