package import Datasets

/// Which data an experiment trains, validates and tests on, and how training images are varied.
package struct DatasetConfiguration: Sendable, Equatable {
    /// Made-up images for tests and trials; no figure on them means anything.
    package static let syntheticName = "synthetic"

    package var source: DatasetSource
    /// The samples of the training set that may be used, counted from 0; nil for all.
    package var trainingRange: Range<Int>?
    package var validation: ValidationConfiguration
    /// The samples of the test set that are evaluated; nil for all.
    package var testRange: Range<Int>?
    package var augmentation: AugmentationConfiguration?

    package init(
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
    package var name: String { source.name }

    /// The same use of made-up images: ranges and fractions stay, and a validation file becomes the test set.
    package var synthetic: DatasetConfiguration {
        var result = self
        result.source = .synthetic
        if case .file = validation { result.validation = .testSet }
        return result
    }
}

/// Which samples validate. None of them is trained on.
package enum ValidationConfiguration: Sendable, Equatable {
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
