public import Core

/// How training images are varied: a random crop, then an affine map, a flip and an erased rectangle, each drawn anew
/// for every sample of every step. A setting of nil, 0 or [1, 1] leaves the image unchanged.
///
/// ```swift
/// let augmentation = AugmentationConfiguration(
///     rotationDegrees: 10, flipsHorizontally: true, fill: .constant,
///     crop: AugmentationConfiguration.RandomCrop(padding: 2),
///     erasing: AugmentationConfiguration.RandomErasing(probability: 0.25))
/// ```
public struct AugmentationConfiguration: SettingsGroup {
    /// Rotation by an angle drawn from ± this, in degrees.
    public var rotationDegrees: Double
    /// Shift along the rows by a draw from ± this share of the width.
    public var widthShift: Double
    /// Shift along the columns by a draw from ± this share of the height.
    public var heightShift: Double
    /// Shear by an angle drawn from ± this, in degrees (as Keras's ImageDataGenerator reads its `shear_range`).
    public var shearDegrees: Double
    /// The factors of both axes are drawn from here, one for each; above 1 shows more than the image.
    public var zoom: ClosedRange<Double>
    /// Whether half of the images are mirrored.
    public var flipsHorizontally: Bool
    /// The pixels beyond the image's edges, for the affine map.
    public var fill: FillMode
    public var crop: RandomCrop?
    public var erasing: RandomErasing?

    public init(
        rotationDegrees: Double = 0, widthShift: Double = 0, heightShift: Double = 0, shearDegrees: Double = 0,
        zoom: ClosedRange<Double> = 1...1, flipsHorizontally: Bool = false, fill: FillMode = .nearest,
        crop: RandomCrop? = nil, erasing: RandomErasing? = nil
    ) {
        self.rotationDegrees = rotationDegrees
        self.widthShift = widthShift
        self.heightShift = heightShift
        self.shearDegrees = shearDegrees
        self.zoom = zoom
        self.flipsHorizontally = flipsHorizontally
        self.fill = fill
        self.crop = crop
        self.erasing = erasing
    }

    package init() { self.init(crop: nil) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(
            "rotation_degrees", &rotationDegrees, .within(0...180), "Rotation by an angle from ± this, in degrees.")
        try visitor.visit("width_shift", &widthShift, .shareBelow1, "Shift along the rows, as a share of the width.")
        try visitor.visit(
            "height_shift", &heightShift, .shareBelow1, "Shift along the columns, as a share of the height.")
        try visitor.visit(
            "shear_degrees", &shearDegrees, .within(0..<90),
            "Shear by an angle from ± this, in degrees, as Keras's ImageDataGenerator does.")
        try visitor.visit(
            "zoom", &zoom, .interval(within: 0.01...100),
            "The factors of both axes, drawn one for each; above 1 shows more than the image.")
        try visitor.visit("horizontal_flip", &flipsHorizontally, .truth, "Whether half of the images are mirrored.")
        try visitor.visit(
            "fill", &fill, .choice, "The pixels beyond the image's edges, for the affine map, as in scipy.ndimage.")
        try visitor.visit(
            "random_crop", optional: &crop, .settings,
            "Zeros around the image, then a cut of its size at a random place.")
        try visitor.visit(
            "random_erasing", optional: &erasing, .settings,
            "A rectangle of one value over a random place (Zhong, Zheng, Kang, Li and Yang 2020); `{}` has its defaults."
        )
    }

    /// How an image continues beyond its edges, for pixels a b c d, as in scipy.ndimage.
    ///
    /// ```swift
    /// let shifted = AugmentationConfiguration(widthShift: 0.1, fill: .reflect)
    /// ```
    public enum FillMode: String, Sendable, Equatable, CaseIterable {
        /// a a a | a b c d | d d d
        case nearest
        /// 0 0 0 | a b c d | 0 0 0
        case constant
        /// c b a | a b c d | d c b
        case reflect
        /// b c d | b c … : a period of one pixel less than the image.
        case wrap
    }

    /// Zeros around the image, then a cut of the image's size at a random place.
    ///
    /// ```swift
    /// let cropped = AugmentationConfiguration(crop: AugmentationConfiguration.RandomCrop(padding: 4))
    /// ```
    public struct RandomCrop: SettingsGroup {
        /// Zeros at each side, in pixels.
        public var padding: Int

        public init(padding: Int) { self.padding = padding }

        package init() { self.init(padding: 1) }

        package mutating func visitSettings<Visitor: SettingVisitor>(
            _ visitor: inout Visitor
        ) throws(Visitor.Failure) {
            try visitor.visit("padding", &padding, .within(1...1024), .required, "Zeros at each side, in pixels.")
        }
    }

    /// A rectangle of one value over a random place (Zhong, Zheng, Kang, Li and Yang, "Random erasing data
    /// augmentation").
    ///
    /// ```swift
    /// let erasing = AugmentationConfiguration.RandomErasing(probability: 0.5, area: 0.02...0.2)
    /// ```
    public struct RandomErasing: SettingsGroup {
        /// The probability that an image is changed.
        public var probability: Double
        /// The share of the image that the rectangle covers.
        public var area: ClosedRange<Double>
        /// Height over width; its logarithm is drawn evenly.
        public var aspectRatio: ClosedRange<Double>
        /// The value of the rectangle, on the scale where 1 is white.
        public var value: Float

        public init(
            probability: Double = 0.5, area: ClosedRange<Double> = 0.02...0.33,
            aspectRatio: ClosedRange<Double> = 0.3...3.3, value: Float = 0
        ) {
            self.probability = probability
            self.area = area
            self.aspectRatio = aspectRatio
            self.value = value
        }

        package init() { self.init(probability: 0.5) }

        package mutating func visitSettings<Visitor: SettingVisitor>(
            _ visitor: inout Visitor
        ) throws(Visitor.Failure) {
            try visitor.visit("probability", &probability, .within(0...1), "The share of images that are erased in.")
            try visitor.visit("area", &area, .interval(within: 0...1), "The share of the image that is covered.")
            try visitor.visit(
                "aspect_ratio", &aspectRatio, .interval(within: 0.01...100),
                "Height over width; its logarithm is drawn evenly.")
            try visitor.visit(
                "value", &value, .within(0...1), "The value of the rectangle, on the scale where 1 is white.")
        }
    }
}

extension SettingFormat where Value == Double {
    fileprivate static var shareBelow1: Self { .number("a share from 0 to below 1") { (0..<1).contains($0) } }
}
