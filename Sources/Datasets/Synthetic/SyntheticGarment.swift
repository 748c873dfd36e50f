/// The outline of a class: trapezoids, later ones above earlier ones.
struct SyntheticGarment {
    /// Whether left and right differ, so that half of the samples are mirrored.
    var isOneSided = false
    let parts: [Part]

    /// A trapezoid with level top and bottom.
    struct Part {
        private let top: Int
        private let bottom: Int
        private let upper: Range<Int>
        private let lower: Range<Int>
        /// Added to the brightness.
        let shade: Int

        /// `upper` and `lower`: where it begins and ends at its top and at its bottom.
        init(_ rows: Range<Int>, _ upper: Range<Int>, _ lower: Range<Int>, shade: Int = 0) {
            (top, bottom) = (rows.lowerBound, rows.upperBound)
            (self.upper, self.lower) = (upper, lower)
            self.shade = shade
        }

        /// Where it begins and ends at a height; nil beyond it.
        func span(_ v: Int) -> Range<Int>? {
            guard top <= v, v < bottom else { return nil }
            let (done, height) = (v - top, bottom - top)
            let left = upper.lowerBound + (lower.lowerBound - upper.lowerBound) * done / height
            let right = upper.upperBound + (lower.upperBound - upper.upperBound) * done / height
            return left..<max(left, right)
        }
    }

    /// In the order of the class names.
    static let all: [SyntheticGarment] = [
        tShirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankleBoot,
    ]

    private static let tShirt = SyntheticGarment(parts: [
        Part(-20..<21, -11..<12, -11..<12),
        Part(-20 ..< -4, -12 ..< -10, -24 ..< -13, shade: -8), Part(-20 ..< -4, 11..<13, 14..<25, shade: -8),
        Part(-20 ..< -15, -6..<7, -2..<3, shade: -60),
    ])

    private static let trouser = SyntheticGarment(parts: [
        Part(-24 ..< -14, -10..<11, -11..<12, shade: 10),
        Part(-14..<25, -11 ..< -1, -11 ..< -4), Part(-14..<25, 2..<12, 5..<12),
    ])

    private static let pullover = SyntheticGarment(parts: [
        Part(-19..<21, -12..<13, -12..<13),
        Part(-19..<20, -14 ..< -11, -25 ..< -16, shade: -12), Part(-19..<20, 12..<15, 17..<26, shade: -12),
        Part(-20 ..< -17, -6..<7, -5..<6, shade: 20), Part(17..<21, -12..<13, -12..<13, shade: 20),
    ])

    private static let dress = SyntheticGarment(parts: [
        Part(-24 ..< -8, -7..<8, -6..<7), Part(-8..<25, -6..<7, -15..<16),
        Part(-10 ..< -7, -7..<8, -7..<8, shade: -30),
    ])

    private static let coat = SyntheticGarment(parts: [
        Part(-22..<24, -12..<13, -14..<15),
        Part(-22..<18, -14 ..< -11, -24 ..< -15, shade: -10), Part(-22..<18, 12..<15, 16..<25, shade: -10),
        Part(-22..<24, -1..<1, -1..<1, shade: -70), Part(-22 ..< -8, -8..<9, -1..<2, shade: 30),
    ])

    private static let sandal = SyntheticGarment(
        isOneSided: true,
        parts: [
            Part(10..<16, -25..<24, -25..<25, shade: 30), Part(-2..<10, -24 ..< -19, -18 ..< -13),
            Part(-2..<10, 4..<8, 12..<17), Part(-2..<2, -24..<8, -22..<8, shade: -20),
            Part(2..<10, -8 ..< -4, -2..<3),
        ])

    private static let shirt = SyntheticGarment(parts: [
        Part(-21..<23, -12..<13, -12..<13),
        Part(-21..<14, -14 ..< -11, -24 ..< -17, shade: -8), Part(-21..<14, 12..<15, 18..<25, shade: -8),
        Part(-21 ..< -15, -8..<9, -3..<4, shade: 35), Part(-15..<23, 0..<1, 0..<1, shade: -50),
    ])

    private static let sneaker = SyntheticGarment(
        isOneSided: true,
        parts: [
            Part(-4..<4, -24 ..< -6, -25..<4), Part(4..<11, -25..<4, -25..<24, shade: -6),
            Part(11..<16, -25..<25, -24..<25, shade: 45), Part(-2..<8, -8 ..< -4, 0..<5, shade: 30),
        ])

    private static let bag = SyntheticGarment(parts: [
        Part(-20 ..< -6, -8..<9, -13..<14), Part(-17 ..< -6, -5..<6, -10..<11, shade: -400),
        Part(-6..<20, -22..<23, -23..<24), Part(-6..<2, -22..<23, -22..<23, shade: -20),
        Part(0..<4, -2..<3, -2..<3, shade: 60),
    ])

    private static let ankleBoot = SyntheticGarment(
        isOneSided: true,
        parts: [
            Part(-21..<4, -22 ..< -2, -23..<1), Part(4..<13, -23..<3, -24..<23),
            Part(13..<18, -24..<24, -24..<24, shade: -45), Part(-21 ..< -16, -22 ..< -2, -22 ..< -2, shade: 25),
        ])
}
