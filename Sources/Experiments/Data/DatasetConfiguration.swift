public import Datasets

/// Which data an experiment trains, validates and tests on, and how training images are varied.
public struct DatasetConfiguration: Sendable, Equatable {
    /// Made-up images for tests and trials; no figure on them means anything.
    public static let syntheticName = "synthetic"

    public var source: DatasetSource
    /// The samples of the training set that may be used, counted from 0; nil for all.
    public var trainingRange: Range<Int>?
    public var validation: ValidationConfiguration
    /// The samples of the test set that are evaluated; nil for all.
    public var testRange: Range<Int>?
    public var augmentation: AugmentationConfiguration?

    public init(
        source: DatasetSource = .fashionMNIST, trainingRange: Range<Int>? = nil,
        validation: ValidationConfiguration = .shuffled(fraction: 0.2), testRange: Range<Int>? = nil,
        augmentation: AugmentationConfiguration? = nil
    ) {
        self.source = source
        self.trainingRange = trainingRange
        self.validation = validation
        self.testRange = testRange
        self.augmentation = augmentation
    }

    /// Such as "fashion-mnist".
    public var name: String { source.name }

    /// The same use of made-up images: ranges and fractions stay, and a validation file becomes the test set.
    public var synthetic: DatasetConfiguration {
        var result = self
        result.source = .synthetic
        if case .file = validation { result.validation = .testSet }
        return result
    }
}

/// Which samples validate. None of them is trained on.
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
    /// A file of its own, in the form of the training file.
    case file(String)
}
