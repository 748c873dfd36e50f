import Core
import Datasets

extension CanonicalText {
    /// The lines of `data:`, the key included. What is left at its default has no line, so that the text of an
    /// experiment does not change when a key is added to the format.
    static func data(_ data: DatasetConfiguration) -> [String] {
        var lines = ["data:", "  set: \(set(data.source))"]
        if let range = data.trainingRange { lines.append("  training: \(rangeText(range))") }
        lines.append("  validation: \(validation(data.validation))")
        if let range = data.testRange { lines.append("  test: \(rangeText(range))") }
        if let augmentation = data.augmentation { lines.append("  augmentation: \(text(augmentation))") }
        return lines
    }

    private static func set(_ source: DatasetSource) -> String {
        switch source {
        case .fashionMNIST, .synthetic: return quoted(source.name)
        case .idx(let files):
            return "{idx: {training_images: \(quoted(files.trainingImages)), "
                + "training_labels: \(quoted(files.trainingLabels)), test_images: \(quoted(files.testImages)), "
                + "test_labels: \(quoted(files.testLabels)), classes: \(list(files.classNames))}}"
        case .csv(let files): return pair(source.name, files.training, files.test, files.classNames)
        case .pngFolders(let folders):
            return pair(source.name, folders.training, folders.test, folders.classNames)
        }
    }

    private static func pair(_ name: String, _ training: String, _ test: String, _ classNames: [String]) -> String {
        "{\(name): {training: \(quoted(training)), test: \(quoted(test)), classes: \(list(classNames))}}"
    }

    private static func list(_ names: [String]) -> String {
        "[" + names.map { quoted($0) }.joined(separator: ", ") + "]"
    }

    private static func validation(_ validation: ValidationConfiguration) -> String {
        switch validation {
        case .none: "none"
        case .shuffled(let fraction): "{split: shuffled, fraction: \(fraction)}"
        case .last(let fraction): "{split: last, fraction: \(fraction)}"
        case .range(let range): rangeText(range)
        case .testSet: "{set: test}"
        case .file(let name): "{file: \(quoted(name))}"
        }
    }

    private static func rangeText(_ range: Range<Int>) -> String {
        "{range: [\(range.lowerBound), \(range.upperBound)]}"
    }

    private static func text(_ augmentation: AugmentationConfiguration) -> String {
        var text =
            "{rotation_degrees: \(augmentation.rotationDegrees), width_shift: \(augmentation.widthShift), "
            + "height_shift: \(augmentation.heightShift), shear_degrees: \(augmentation.shearDegrees), "
            + "zoom: \(interval(augmentation.zoom)), horizontal_flip: \(augmentation.flipsHorizontally), "
            + "fill: \(augmentation.fill.rawValue)"
        if let crop = augmentation.crop { text += ", random_crop: {padding: \(crop.padding)}" }
        if let erasing = augmentation.erasing {
            text +=
                ", random_erasing: {probability: \(erasing.probability), area: \(interval(erasing.area)), "
                + "aspect_ratio: \(interval(erasing.aspectRatio)), value: \(erasing.value)}"
        }
        return text + "}"
    }

    private static func interval(_ range: ClosedRange<Double>) -> String {
        "[\(range.lowerBound), \(range.upperBound)]"
    }
}
