package import Core

/// Made-up garments, 28 × 28 grey in ten classes, for tests and machines without the real data. A linear model learns a
/// good part of them and a convolution more; accuracies on them mean nothing else.
package enum SyntheticImages {
    /// The most samples that can be made.
    package static let maximumCount = 1_000_000

    /// Each sample is a function of seed and index alone: a garment, its place, size, brightness, light and texture,
    /// and noise.
    package static func make(sampleCount: Int, seed: UInt64) -> ImageDataset {
        precondition(1...maximumCount ~= sampleCount, "between 1 and \(maximumCount) samples can be made")
        let stream = RandomStream(seed: seed, purpose: .syntheticData)
        var labels: [UInt8] = []
        labels.reserveCapacity(sampleCount)
        let pixels = [UInt8](unsafeUninitializedCapacity: sampleCount * imageByteCount) { pixels, initializedCount in
            for sample in 0..<sampleCount {
                let start = sample * imageByteCount
                let image = UnsafeMutableBufferPointer(rebasing: pixels[start..<start + imageByteCount])
                labels.append(draw(sample: UInt32(sample), stream: stream, into: image))
            }
            initializedCount = sampleCount * imageByteCount
        }
        do throws(DatasetError) {
            return try ImageDataset(
                name: "synthetic", height: side, width: side, channels: 1, classNames: FashionMNIST.classNames,
                pixels: pixels, labels: labels)
        } catch {
            preconditionFailure("made-up data are always well-formed: \(error)")
        }
    }

    private static let side = 28
    private static let imageByteCount = side * side

    /// Fills one image and gives its label. Blocks 0 and 1 of a sample's words decide about the garment, the others are
    /// noise.
    private static func draw(
        sample: UInt32, stream: RandomStream, into image: UnsafeMutableBufferPointer<UInt8>
    ) -> UInt8 {
        let look = SyntheticLook(
            stream.block(position: sample, index: 0), stream.block(position: sample, index: 1))
        for y in 0..<side {
            let row = look.row(y)
            for x in stride(from: 0, to: side, by: 4) {
                let place = y * side + x
                let words = stream.block(position: sample, index: UInt32(place / 4) + 2)
                for lane in 0..<4 {
                    let value = row.brightness(x: x + lane, noise: words[lane])
                    image.initializeElement(at: place + lane, to: UInt8(clamping: value))
                }
            }
        }
        return UInt8(look.label)
    }
}

/// How one made-up garment looks. Everything is whole numbers; lengths are half pixels from the image's centre.
struct SyntheticLook {
    let label: Int
    private let garment: SyntheticGarment
    private let shiftX: Int
    private let shiftY: Int
    /// In 256ths.
    private let scaleX: Int
    private let scaleY: Int
    private let base: Int
    /// Change of brightness from the centre to an edge.
    private let light: Int
    private let texture: Texture
    private let textureStrength: Int
    private let isMirrored: Bool

    private enum Texture: UInt32 { case plain, stripes, bars, checks }

    /// Each property has its own words or bits.
    init(_ first: SIMD4<UInt32>, _ second: SIMD4<UInt32>) {
        label = Int(first[0] % 10)
        garment = SyntheticGarment.all[label]
        shiftX = 2 * (Int(first[1] % 5) - 2)
        shiftY = 2 * (Int(first[2] % 5) - 2)
        scaleX = 215 + Int(first[3] % 82)
        scaleY = 215 + Int(second[0] % 82)
        base = 90 + Int(second[1] % 110)
        light = Int(second[2] % 81) - 40
        texture = Texture(rawValue: second[3] >> 30) ?? .plain
        textureStrength = 10 + Int(second[3] % 40)
        isMirrored = garment.isOneSided && second[1] >> 31 == 1
    }

    /// One row of pixels.
    struct Row {
        fileprivate let look: SyntheticLook
        fileprivate let v: Int
        /// Where the garment's parts begin and end, the uppermost part first.
        fileprivate let spans: [(range: Range<Int>, shade: Int)]

        /// 0 for black; may be beyond what a byte holds.
        func brightness(x: Int, noise: UInt32) -> Int {
            let place = (2 * x - 27 - look.shiftX) * 256 / look.scaleX
            let u = look.isMirrored ? -place : place
            for span in spans where span.range.contains(u) {
                return look.base + span.shade + u * look.light / 28 + look.textureAt(u, v) + Int(noise >> 26) - 32
            }
            // A speck here and there.
            return noise >> 26 == 0 ? Int(noise & 63) : 0
        }
    }

    func row(_ y: Int) -> Row {
        let v = (2 * y - 27 - shiftY) * 256 / scaleY
        let spans = garment.parts.reversed().compactMap { part in
            part.span(v).map { (range: $0, shade: part.shade) }
        }
        return Row(look: self, v: v, spans: spans)
    }

    private func textureAt(_ u: Int, _ v: Int) -> Int {
        let (column, row) = ((u + 64) / 4 % 2, (v + 64) / 4 % 2)
        switch texture {
        case .plain: return 0
        case .stripes: return row * textureStrength
        case .bars: return column * textureStrength
        case .checks: return (row ^ column) * textureStrength
        }
    }
}

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

/// Made-up images as an experiment's data.
package struct SyntheticSource: DataSource {
    package static let key = "synthetic"
    package static let documentation = """
        Made-up images in the form of Fashion-MNIST, for tests and trials: 3,000 for training and 500 for the test, or as \
        many as the experiment's ranges need. No figure on them means anything.
        """

    package init() {}

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {}

    package var classNames: [String] { FashionMNIST.classNames }

    package var files: [String] { [] }

    package func sets(_ request: DataRequest) -> (training: ImageDataset, test: ImageDataset?) {
        let limit = SyntheticImages.maximumCount
        return (
            SyntheticImages.make(sampleCount: min(max(3000, request.trainingCount), limit), seed: 1),
            SyntheticImages.make(sampleCount: min(max(500, request.testCount), limit), seed: 2)
        )
    }
}

extension DataSourceConfiguration {
    /// Made-up images in the form of Fashion-MNIST, for tests and trials.
    public static let synthetic = DataSourceConfiguration(SyntheticSource())
}
