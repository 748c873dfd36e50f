package import Core

/// Images as text, as Kaggle has them: a header `label,pixel1,…`, then a line an image: its label, then its values 0 to
/// 255, row after row. Lines end with LF or CRLF; the last may lack it.
package enum CSVImages {
    /// Reads the bytes of a file; `name` is the file's name in errors.
    ///
    /// Throws `DatasetError.text` with the line and column of the first error.
    package static func parse(
        bytes: [UInt8], name: String, format: ImageFormat
    ) throws(DatasetError) -> ImageDataset {
        try read(from: MemorySource(bytes), file: name, name: name, format: format)
    }

    /// Reads a file from the first of some folders that has it, plain or with `.gz`. Its images get the name of the
    /// file, or another.
    package static func load(
        _ file: String, name: String? = nil, format: ImageFormat, searching folders: [String]
    ) throws(DatasetError) -> ImageDataset {
        let source = try FoundFile.find(file, searching: folders)
        let path = source.path
        return try read(from: source, file: path, name: name ?? file, format: format)
    }

    /// Reads images to classify from a file, plain or packed with gzip as its name ends with `.gz`. Labels may be
    /// missing, as in Kaggle's test.csv; the header then has a column for each pixel alone.
    ///
    /// The result has nil instead of a label where the file has none. Throws `DatasetError`.
    package static func unlabelled(
        path: String, format: ImageFormat
    ) throws(DatasetError) -> (pixels: [UInt8], labels: [UInt8?]) {
        let reader = try CSVReader(file: path, format: format, labelling: .optional)
        guard var source = try FoundFile.named(path) else { throw .noFile(path) }
        try reader.read(from: &source)
        let hasLabels = reader.hasLabels ?? false
        return (
            format.isInverted ? reader.pixels.map { 255 - $0 } : reader.pixels,
            reader.labels.map { hasLabels ? $0 : nil }
        )
    }

    static func read<Source: ByteSource & ~Copyable>(
        from source: consuming Source, file: String, name: String, format: ImageFormat
    ) throws(DatasetError) -> ImageDataset {
        let reader = try CSVReader(file: file, format: format)
        try reader.read(from: &source)
        return try ImageDataset(
            name: name, height: format.height, width: format.width, channels: format.channels,
            classNames: format.classNames, pixels: reader.pixels, labels: reader.labels)
    }
}

/// Finds the error in a line.
struct CSVDiagnosis {
    static let headerText = "a header line: label,pixel1,pixel2,…"
    private let format: ImageFormat
    private let hasLabels: Bool

    /// Columns count from 1.
    typealias Problem = (text: String, column: Int?)

    /// What a header line says.
    enum Header {
        /// Whether lines begin with a label.
        case labels(Bool)
        case problem(Problem)
    }

    init(_ format: ImageFormat, hasLabels: Bool = true) {
        self.format = format
        self.hasLabels = hasLabels
    }

    private var pixelCount: Int { format.height * format.width * format.channels }

    private var columnCount: Int { pixelCount + (hasLabels ? 1 : 0) }

    private var columnText: String {
        "\(columnCount): \(hasLabels ? "label and " : "")one for each value of \(format.sizeText)"
    }

    /// The first line must begin with `label` and have as many columns as there are values; what the others are called
    /// does not matter. Where labels are optional the line may have a column for each value alone.
    func header(_ header: UnsafeBufferPointer<UInt8>, _ labelling: CSVLabelling) -> Header {
        let text = Self.cells(header)
        let isNumber = text.first.first.map(Self.isDigit) ?? false
        if case .optional = labelling, text.count == pixelCount, !isNumber, !Self.isLabel(text.first) {
            return .labels(false)
        }
        return problem(header: text).map { .problem($0) } ?? .labels(true)
    }

    /// The first cell without quotes, and how many there are.
    private static func cells(_ header: UnsafeBufferPointer<UInt8>) -> (first: [UInt8], count: Int) {
        var bytes = header[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let cells = bytes.split(separator: 0x2C, omittingEmptySubsequences: false)
        return (Array(cells.first ?? bytes.prefix(0)).filter { $0 != UInt8(ascii: "\"") }, cells.count)
    }

    private static func isLabel(_ cell: [UInt8]) -> Bool {
        String(decoding: cell.prefix(6), as: UTF8.self).lowercased() == "label"
    }

    private func problem(header: (first: [UInt8], count: Int)) -> Problem? {
        let first = header.first
        if first.first.map(Self.isDigit) ?? false {
            return ("the header is missing: it begins with a number, expected \(Self.headerText); add that line", 1)
        }
        guard Self.isLabel(first) else {
            return ("found \(quoted(first, limit: 20)), expected \(Self.headerText)", 1)
        }
        guard header.count == columnCount else {
            return ("the header has \(header.count) columns, expected \(columnText)", nil)
        }
        return nil
    }

    /// The error in a line that could not be read. `isWhole`: a line break follows.
    func problem(row: UnsafeBufferPointer<UInt8>, isWhole: Bool) -> Problem {
        let cells = row.split(separator: 0x2C, maxSplits: columnCount, omittingEmptySubsequences: false)
        for (index, cell) in cells.prefix(columnCount).enumerated() {
            let isLabel = index == 0 && hasLabels
            let limit = isLabel ? format.classNames.count - 1 : 255
            let what = isLabel ? "a label" : "a whole number"
            // A row that was cut inside a cell is short, whatever is left of the cell.
            if index == cells.count - 1, cells.count < columnCount, !isWhole { break }
            guard let number = Self.number(cell), number <= limit else {
                if row.isEmpty { return ("the line is empty", nil) }
                return ("found \(quoted(cell, limit: 20)), expected \(what) from 0 to \(limit)", index + 1)
            }
        }
        let found = cells.count > columnCount ? "more than \(columnCount)" : "\(cells.count)"
        let end = isWhole ? "" : " (the file ends inside the line)"
        return ("it has \(found) columns, expected \(columnText)\(end)", nil)
    }

    /// One to three digits.
    private static func number(_ cell: UnsafeBufferPointer<UInt8>.SubSequence) -> Int? {
        guard (1...3).contains(cell.count), cell.allSatisfy(isDigit) else { return nil }
        return cell.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// CSV files as an experiment's data.
package struct CSVFiles: DataSource {
    package static let key = "csv"
    package static let documentation = """
        Text as Kaggle has it, plain or with `.gz`: a header `label,pixel1,…`, then a line for each image: its label, then \
        its values from 0 to 255, row after row, with the channels of a pixel together. The model's input gives the size.
        """
    package static let hasValidationFiles = true

    package var training: String
    package var test: String?
    package var classNames: [String]

    package init(training: String, test: String?, classNames: [String]) {
        self.training = training
        self.test = test
        self.classNames = classNames
    }

    package init() { self.init(training: "", test: nil, classNames: []) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(path: "training", &training, "The file of training images.")
        try visitor.visit(testPath: "test", &test, "The file of test images.")
        try visitor.visit("classes", &classNames, .classNames, .required, "What each label means, from 0.")
    }

    package var title: String { training }

    package var files: [String] { [training] + (test.map { [$0] } ?? []) }

    package var hasTest: Bool { test != nil }

    package func sets(_ request: DataRequest) throws(DatasetError) -> (training: ImageDataset, test: ImageDataset?) {
        let trainingSet = try load(training, request)
        guard let test, request.needsTest else { return (trainingSet, nil) }
        return (trainingSet, try load(test, request))
    }

    package func validationSet(_ file: String, _ request: DataRequest) throws(DatasetError) -> ImageDataset {
        try load(file, request)
    }

    private func load(_ file: String, _ request: DataRequest) throws(DatasetError) -> ImageDataset {
        try CSVImages.load(file, format: request.format(classNames: classNames), searching: request.folders)
    }
}

extension DataSourceConfiguration {
    /// Text with a line for each image, as Kaggle has it. Paths are relative to the folder with the data. Without a
    /// `test` file the experiment has no test set.
    public static func csv(training: String, test: String? = nil, classNames: [String]) -> Self {
        Self(CSVFiles(training: training, test: test, classNames: classNames))
    }
}
