import Core
import Datasets

/// Reads how training images are varied.
enum AugmentationReader {
    private static let keys = [
        "rotation_degrees", "width_shift", "height_shift", "shear_degrees", "zoom", "horizontal_flip", "fill",
        "random_crop", "random_erasing",
    ]

    static func augmentation(_ field: SettingNode) throws(SettingError) -> AugmentationConfiguration {
        let mapping = try field.mapping(allowed: keys)
        return AugmentationConfiguration(
            rotationDegrees: try mapping.optional("rotation_degrees")?.number("from 0 to 180") {
                (0...180).contains($0)
            }
                ?? 0,
            widthShift: try mapping.optional("width_shift").map(share) ?? 0,
            heightShift: try mapping.optional("height_shift").map(share) ?? 0,
            shearDegrees: try mapping.optional("shear_degrees")?.number("from 0 to below 90") { $0 >= 0 && $0 < 90 }
                ?? 0,
            zoom: try mapping.optional("zoom").map { field throws(SettingError) in
                try interval(field, within: 0.01...100)
            } ?? 1...1,
            flipsHorizontally: try mapping.optional("horizontal_flip")?.truthValue() ?? false,
            fill: try mapping.optional("fill")?.choice(AugmentationConfiguration.FillMode.self) ?? .nearest,
            crop: try mapping.optional("random_crop").map(crop),
            erasing: try mapping.optional("random_erasing").map(erasing))
    }

    private static func share(_ field: SettingNode) throws(SettingError) -> Double {
        try field.number("a share from 0 to below 1") { $0 >= 0 && $0 < 1 }
    }

    private static func crop(_ field: SettingNode) throws(SettingError) -> AugmentationConfiguration.RandomCrop {
        let mapping = try field.mapping(allowed: ["padding"])
        return AugmentationConfiguration.RandomCrop(
            padding: try mapping.required("padding").integer(ExperimentLimits.padding))
    }

    private static func erasing(_ field: SettingNode) throws(SettingError) -> AugmentationConfiguration.RandomErasing {
        let mapping = try field.mapping(allowed: ["probability", "area", "aspect_ratio", "value"])
        let defaults = AugmentationConfiguration.RandomErasing()
        return AugmentationConfiguration.RandomErasing(
            probability: try mapping.optional("probability")?.number("from 0 to 1") { (0...1).contains($0) }
                ?? defaults.probability,
            area: try mapping.optional("area").map { field throws(SettingError) in
                try interval(field, within: 0...1)
            } ?? defaults.area,
            aspectRatio: try mapping.optional("aspect_ratio").map { field throws(SettingError) in
                try interval(field, within: 0.01...100)
            } ?? defaults.aspectRatio,
            value: try mapping.optional("value")?.number("from 0 to 1") { (0...1).contains($0) } ?? defaults.value)
    }

    /// `[low, high]`
    private static func interval(
        _ field: SettingNode, within limits: ClosedRange<Double>
    ) throws(SettingError) -> ClosedRange<Double> {
        let elements = try field.elements("a list of the lowest and the highest value")
        guard elements.count == 2 else { throw field.wrongType("a list of the lowest and the highest value") }
        let low: Double = try elements[0].number("\(limits.lowerBound) to \(limits.upperBound)", where: limits.contains)
        let high: Double = try elements[1].number("\(low) to \(limits.upperBound)") { low <= $0 && limits.contains($0) }
        return low...high
    }
}
