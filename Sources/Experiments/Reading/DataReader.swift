import Core
import Datasets

/// Reads the data's part of an experiment. Whether ranges fit the data is checked when the data is there.
enum DataReader {
    static func data(_ field: SettingNode) throws(SettingError) -> DatasetConfiguration {
        let mapping = try field.mapping(allowed: ["set", "training", "validation", "test", "augmentation"])
        let source = try DataSourceReader.source(mapping.required("set"))
        let training = try mapping.optional("training").map(range)
        let validationField = try mapping.required("validation")
        let validation = try validation(validationField, training: training)
        if case .file = validation {
            guard case .csv = source else {
                throw validationField.wrongType("none, a split, a range or a set (a file is for the set csv)")
            }
        }
        return DatasetConfiguration(
            source: source, trainingRange: training, validation: validation,
            testRange: try mapping.optional("test").map(range),
            augmentation: try mapping.optional("augmentation").map(AugmentationReader.augmentation))
    }

    /// `none`, or a mapping that says by its first key how samples are chosen.
    private static func validation(
        _ field: SettingNode, training: Range<Int>?
    ) throws(SettingError) -> ValidationConfiguration {
        if field.isScalar {
            let word = try field.text("none, or how validation samples are chosen")
            guard word == "none" else { throw field.unknownValue(word, ["none"]) }
            return .none
        }
        let kinds = ["split", "range", "set", "file"]
        let mapping = try field.mapping(allowed: kinds + ["fraction"])
        let present = kinds.filter { mapping.optional($0) != nil }
        guard present.count <= 1 else { throw field.wrongType("one of split, range, set and file") }
        if mapping.optional("range") != nil || mapping.optional("set") != nil || mapping.optional("file") != nil,
            let fraction = mapping.optional("fraction")
        {
            throw fraction.wrongType("a fraction only beside split")
        }
        if let set = mapping.optional("set") {
            _ = try set.choice(TestSetName.self)
            return .testSet
        }
        if let file = mapping.optional("file") { return .file(try DataSourceReader.path(file)) }
        if mapping.optional("range") != nil {
            let range = try range(field)
            if let training, training.overlaps(range) {
                let expected = "apart from the training range \(training.lowerBound) to \(training.upperBound)"
                throw field.failure(
                    .outOfRange(expected: expected, found: "\(range.lowerBound) to \(range.upperBound)"))
            }
            return .range(range)
        }
        let split = try mapping.required("split").choice(SplitName.self)
        let fraction: Double = try mapping.required("fraction").number("above 0 and below 1") { $0 > 0 && $0 < 1 }
        return split == .shuffled ? .shuffled(fraction: fraction) : .last(fraction: fraction)
    }

    private enum SplitName: String, CaseIterable { case shuffled, last }
    private enum TestSetName: String, CaseIterable { case test }

    /// `{range: [first, end]}`, counted from 0, without the end.
    private static func range(_ field: SettingNode) throws(SettingError) -> Range<Int> {
        let bounds = try field.mapping(allowed: ["range"]).required("range")
        let expected = "a list of the first sample and the one after the last"
        let elements = try bounds.elements(expected)
        guard elements.count == 2 else { throw bounds.wrongType(expected) }
        let first = try elements[0].integer(ExperimentLimits.sampleNumber)
        let end = try elements[1].integer(ExperimentLimits.sampleNumber)
        guard first < end else {
            throw elements[1].failure(.outOfRange(expected: "above \(first)", found: String(end)))
        }
        return first..<end
    }
}
