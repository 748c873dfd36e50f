public import Core
public import Datasets

/// Which data an experiment trains, validates and tests on, and how training images are varied.
///
/// ```swift
/// let data = DatasetConfiguration(
///     .fashionMNIST, validation: .shuffled(fraction: 0.1),
///     augmentation: AugmentationConfiguration(flipsHorizontally: true))
/// ```
public struct DatasetConfiguration: SettingsGroup {
    /// Made-up images for tests and trials, without meaning for accuracy.
    package static let syntheticName = SyntheticSource.key

    package var source: any DataSource
    /// The samples of the training set that may be used, counted from 0; nil for all.
    public var trainingRange: Range<Int>?
    public var validation: ValidationConfiguration
    public var test: TestConfiguration
    public var augmentation: AugmentationConfiguration?

    package init(
        source: any DataSource = FashionMNISTSource(), trainingRange: Range<Int>? = nil,
        validation: ValidationConfiguration = .shuffled(fraction: 0.2), test: TestConfiguration = .whole,
        augmentation: AugmentationConfiguration? = nil
    ) {
        self.source = source
        self.trainingRange = trainingRange
        self.validation = validation
        self.test = test
        self.augmentation = augmentation
    }

    package init() { self.init(source: FashionMNISTSource()) }

    /// Data from `source`. Ranges count the samples of its sets from 0; nil takes all.
    public init(
        _ source: DataSourceConfiguration, trainingRange: Range<Int>? = nil,
        validation: ValidationConfiguration = .shuffled(fraction: 0.2), test: TestConfiguration = .whole,
        augmentation: AugmentationConfiguration? = nil
    ) {
        self.init(
            source: source.source, trainingRange: trainingRange, validation: validation, test: test,
            augmentation: augmentation)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.source.isEqual(to: right.source) && left.trainingRange == right.trainingRange
            && left.validation == right.validation && left.test == right.test
            && left.augmentation == right.augmentation
    }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("set", &source, .dataSource, .required, "The source of the images.")
        try visitor.visit(
            "training", optional: &trainingRange, .samples, "The samples of the training set that are used.")
        try visitor.visit("validation", &validation, .validation, .required, "The samples that validate.")
        try visitor.visit(
            "test", &test, .test, .whenChanged, "The samples of the test set that are evaluated; missing for all.")
        try visitor.visit(
            "augmentation", optional: &augmentation, .settings,
            "How training images are varied; missing for not at all.")
    }

    /// Reads the data's part of an experiment. Whether ranges fit the data is checked when the data are loaded.
    init(checking node: SettingNode) throws(SettingError) {
        try self.init(reading: node)
        let mapping = try node.mapping(allowed: nil)
        guard source.hasTest || !hasTest else {
            throw try mapping.required("set").wrongType("a set with test images, or test: none beside it")
        }
        let validationNode = try mapping.required("validation")
        switch validation {
        case .testSet where !hasTest:
            throw validationNode.wrongType("none, a split or a range (the experiment has test: none)")
        case .file where !type(of: source).hasValidationFiles:
            throw validationNode.wrongType("none, a split, a range or a set (a file is for the set csv)")
        case .range(let range):
            guard let training = trainingRange, training.overlaps(range) else { return }
            throw validationNode.outOfRange(
                "apart from the training range \(training.lowerBound) to \(training.upperBound)",
                found: "\(range.lowerBound) to \(range.upperBound)")
        default: return
        }
    }

    /// The kind of data, such as "fashion-mnist" or "image_folders".
    package var name: String { source.key }

    /// What people call the images, such as "fashion-mnist", or "photos" for folders of one's own.
    package var title: String { source.title }

    /// Whether test images are evaluated.
    package var hasTest: Bool { test != .none }

    /// The same use of made-up images: ranges and fractions stay, and a validation file becomes the test set.
    package var synthetic: DatasetConfiguration {
        var result = self
        result.source = SyntheticSource()
        if case .file = validation { result.validation = hasTest ? .testSet : .shuffled(fraction: 0.2) }
        return result
    }
}

/// Which samples of the test set are evaluated at the end.
///
/// ```swift
/// let data = DatasetConfiguration(.csv(training: "train.csv", classNames: ["cat", "dog"]), test: .none)
/// ```
public enum TestConfiguration: Sendable, Equatable {
    /// All of them.
    case whole
    /// Those with these numbers, counted from 0.
    case range(Range<Int>)
    /// There is no test: the result is of the validation samples, or else of the training samples.
    case none

    /// The numbers of the samples; nil for all of them or none.
    package var range: Range<Int>? {
        if case .range(let range) = self { range } else { nil }
    }
}

/// Which samples validate. None of them is trained on.
///
/// ```swift
/// let data = DatasetConfiguration(.fashionMNIST, validation: .last(fraction: 0.1))
/// ```
public enum ValidationConfiguration: Sendable, Equatable {
    /// There is no validation.
    case none
    /// A share of the training samples, drawn by the experiment's seed: above 0, below 1.
    case shuffled(fraction: Double)
    /// The last share of the training samples: above 0, below 1.
    case last(fraction: Double)
    /// These samples of the training set, counted from 0.
    case range(Range<Int>)
    /// The samples of the test set that are evaluated at the end.
    case testSet
    /// A separate file, in the form of the training file.
    case file(String)

    private enum Split: String, CaseIterable { case shuffled, last }
    private enum SetName: String, CaseIterable { case test }

    /// `none`, or a mapping whose key determines how samples are chosen.
    fileprivate init(_ node: SettingNode) throws(SettingError) {
        if node.isScalar {
            let word = try node.word(
                "none, or one of split, range, set and file, such as {split: shuffled, fraction: 0.2}")
            guard word == "none" else { throw node.unknownValue(word, ["none"]) }
            self = .none
            return
        }
        let kinds = ["split", "range", "set", "file"]
        let mapping = try node.mapping(allowed: kinds + ["fraction"])
        guard kinds.count(where: { mapping.optional($0) != nil }) <= 1 else {
            throw node.wrongType("one of split, range, set and file")
        }
        if mapping.optional("split") == nil, mapping.keys.count > 1, let fraction = mapping.optional("fraction") {
            throw fraction.wrongType("a fraction only beside split")
        }
        if let set = mapping.optional("set") {
            _ = try set.choice(SetName.self)
            self = .testSet
        } else if let file = mapping.optional("file") {
            self = .file(try SettingFormat.dataPath.read(file))
        } else if mapping.optional("range") != nil {
            self = .range(try SettingFormat.samples.read(node))
        } else {
            let split = try mapping.required("split").choice(Split.self)
            let fraction: Double = try mapping.required("fraction").number("above 0 and below 1") { $0 > 0 && $0 < 1 }
            self = split == .shuffled ? .shuffled(fraction: fraction) : .last(fraction: fraction)
        }
    }

    fileprivate var canonicalText: String {
        switch self {
        case .none: "none"
        case .shuffled(let fraction): "{split: shuffled, fraction: \(fraction)}"
        case .last(let fraction): "{split: last, fraction: \(fraction)}"
        case .range(let range): SettingFormat.samples.text(range)
        case .testSet: "{set: test}"
        case .file(let name): "{file: \(CanonicalText.quoted(name))}"
        }
    }
}

extension SettingFormat where Value == any DataSource {
    fileprivate static var dataSource: Self {
        Self(
            "a data set, see below", read: { node throws(SettingError) in try DataSourceKinds.read(node) },
            text: { source in
                let text = source.canonicalText
                return text == source.key ? CanonicalText.quoted(text) : "{\(text)}"
            })
    }
}

extension SettingFormat where Value == ValidationConfiguration {
    fileprivate static var validation: Self {
        Self(
            "`none`, `{split: shuffled, fraction: 0.2}`, `{split: last, fraction: 0.2}`, `{range: [first, end]}`, "
                + "`{set: test}`, `{file: path}`",
            read: { node throws(SettingError) in try ValidationConfiguration(node) }, text: { $0.canonicalText })
    }
}

extension SettingFormat where Value == TestConfiguration {
    fileprivate static var test: Self {
        Self(
            "`{range: [first, end]}`, from 0, without the end, or `none`",
            read: { node throws(SettingError) in
                guard node.isScalar else { return .range(try SettingFormat<Range<Int>>.samples.read(node)) }
                let word = try node.word("none, or {range: [first, end]}")
                guard word == "none" else { throw node.unknownValue(word, ["none"]) }
                return .none
            },
            text: { test in
                switch test {
                case .whole: ""
                case .range(let range): SettingFormat<Range<Int>>.samples.text(range)
                case .none: "none"
                }
            })
    }
}

extension SettingFormat where Value == Range<Int> {
    /// `{range: [first, end]}`, counted from 0, without the end.
    fileprivate static var samples: Self {
        Self(
            "`{range: [first, end]}`, from 0, without the end",
            read: { node throws(SettingError) in
                let bounds = try node.mapping(allowed: ["range"]).required("range")
                let expected = "a list of the first sample and the one after the last"
                let elements = try bounds.elements(expected)
                guard elements.count == 2 else { throw bounds.wrongType(expected) }
                let limits = 0...Int(Int32.max)
                let (first, end) = (try elements[0].integer(limits), try elements[1].integer(limits))
                guard first < end else { throw elements[1].outOfRange("above \(first)", found: String(end)) }
                return first..<end
            }, text: { "{range: [\($0.lowerBound), \($0.upperBound)]}" })
    }
}
