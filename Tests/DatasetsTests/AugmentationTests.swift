import Core
import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct AugmentationTests {
    private static let seed: UInt64 = 9

    /// The image after a step's draws.
    private static func applied(
        _ configuration: AugmentationConfiguration, to image: [Float], height: Int, width: Int, channels: Int = 1,
        step: UInt32 = 0, position: UInt32, seed: UInt64 = AugmentationTests.seed
    ) -> [Float] {
        let augmentation = ImageAugmentation(
            configuration, height: height, width: width, channels: channels, seed: seed)
        var image = image
        // What the scratch memory held before must not matter.
        var scratch = [Float](repeating: .nan, count: augmentation.elementCount)
        augmentation.apply(to: &image, step: step, position: position, scratch: &scratch)
        return image
    }

    private static func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0 + 1) / 64 } }

    @Test("each part alone gives the same for the same seed, step and position, and another for any other")
    func keys() {
        let image = Self.ramp(20 * 16)
        for configuration in Self.all {
            func applied(_ step: UInt32, _ position: UInt32, _ seed: UInt64 = 9) -> [Float] {
                Self.applied(
                    configuration, to: image, height: 20, width: 16, step: step, position: position, seed: seed)
            }
            #expect(applied(3, 5) == applied(3, 5))
            for other in [{ applied(0, $0) }, { applied($0, 0) }, { applied(0, 0, UInt64($0)) }] {
                let results = Set((0..<64).map(other))
                #expect(results.count > 1, "\(configuration)")
                #expect(!results.contains { $0.contains { !$0.isFinite } })
            }
        }
        let nothing = AugmentationConfiguration()
        #expect(Self.applied(nothing, to: image, height: 20, width: 16, position: 1) == image)
    }

    private static let all: [AugmentationConfiguration] = [
        AugmentationConfiguration(rotationDegrees: 40), AugmentationConfiguration(widthShift: 0.2),
        AugmentationConfiguration(heightShift: 0.2), AugmentationConfiguration(shearDegrees: 20),
        AugmentationConfiguration(zoom: 0.8...1.2), AugmentationConfiguration(flipsHorizontally: true),
        AugmentationConfiguration(crop: .init(padding: 4)), AugmentationConfiguration(erasing: .init(value: 2)),
        AugmentationConfiguration(
            rotationDegrees: 180, widthShift: 0.9, heightShift: 0.9, shearDegrees: 89, zoom: 0.01...100, fill: .reflect),
        AugmentationConfiguration(
            rotationDegrees: 180, widthShift: 0.9, heightShift: 0.9, shearDegrees: 89, zoom: 0.01...100, fill: .wrap),
    ]

    @Test("a setting does not change another's draws")
    func independentDraws() {
        let image = Self.ramp(64)
        for position: UInt32 in 0..<32 {
            let flipped = Self.applied(
                AugmentationConfiguration(flipsHorizontally: true), to: image, height: 8, width: 8, position: position)
            let both = Self.applied(
                AugmentationConfiguration(flipsHorizontally: true, erasing: .init(probability: 1)), to: image,
                height: 8, width: 8, position: position)
            #expect(zip(flipped, both).allSatisfy { $0 == $1 || $1 == 0 })
        }
    }

    @Test("half of the images are mirrored, each pixel with its channels")
    func flip() {
        let image = Self.ramp(2 * 3 * 2)
        let mirrored = [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7].map { image[$0] }
        let results = (0..<1000).map { position in
            Self.applied(
                AugmentationConfiguration(flipsHorizontally: true), to: image, height: 2, width: 3, channels: 2,
                position: UInt32(position))
        }
        let count = results.count { $0 == mirrored }
        #expect(results.count { $0 == image } + count == 1000)
        #expect((430...570).contains(count))
    }

    @Test("a crop is one of all windows into the image with zeros around it")
    func crop() {
        let (height, width, padding) = (5, 4, 2)
        let image = Self.ramp(height * width)
        var windows: [[Float]] = []
        for top in -padding...padding {
            for left in -padding...padding {
                windows.append(
                    (0..<height * width).map { place in
                        let (y, x) = (place / width + top, place % width + left)
                        return 0..<height ~= y && 0..<width ~= x ? image[y * width + x] : 0
                    })
            }
        }
        let crops = (0..<2000).map { position in
            Self.applied(
                AugmentationConfiguration(crop: .init(padding: padding)), to: image, height: height, width: width,
                position: UInt32(position))
        }
        #expect(Set(crops) == Set(windows))
        for window in windows { #expect((30...140).contains(crops.count { $0 == window })) }
    }

    @Test("the erased part is a rectangle of the configured area and ratio, as often as configured")
    func erasing() {
        let (height, width) = (40, 50)
        let image = [Float](repeating: 1, count: height * width * 3)
        let erasing = AugmentationConfiguration.RandomErasing(probability: 0.7, value: 0.5)
        var count = 0
        for position: UInt32 in 0..<500 {
            let result = Self.applied(
                AugmentationConfiguration(erasing: erasing), to: image, height: height, width: width, channels: 3,
                position: position)
            let erased = (0..<height * width).filter { result[3 * $0] == 0.5 }
            guard let first = erased.first, let last = erased.last else { continue }
            count += 1
            let (rowCount, columnCount) = (last / width - first / width + 1, last % width - first % width + 1)
            #expect(erased.count == rowCount * columnCount)
            #expect(erased.allSatisfy { result[3 * $0 + 1] == 0.5 && result[3 * $0 + 2] == 0.5 })
            #expect((0.015...0.345).contains(Double(erased.count) / Double(height * width)))
            #expect((0.2...4.5).contains(Double(rowCount) / Double(columnCount)))
        }
        #expect((300...400).contains(count))
    }

    @Test("shifts alone move the picture by whole and half pixels, and fill the new pixels")
    func shift() {
        let image: [Float] = [1, 2, 3, 4]
        func drawn(_ xShift: Double, _ fill: AugmentationConfiguration.FillMode) -> [Float] {
            let map = AffineMap(
                rotationDegrees: 0, xShift: xShift, yShift: 0, shearDegrees: 0, xZoom: 1, yZoom: 1, height: 1, width: 4)
            var result = [Float](repeating: .nan, count: 4)
            AffineSampling(height: 1, width: 4, channels: 1, fill: fill).apply(map, image, to: &result)
            return result
        }
        #expect(drawn(1, .nearest) == [2, 3, 4, 4])
        #expect(drawn(-1, .constant) == [0, 1, 2, 3])
        #expect(drawn(0.5, .constant) == [1.5, 2.5, 3.5, 0])
        #expect(drawn(-2, .reflect) == [2, 1, 1, 2])
        #expect(drawn(2.5, .reflect) == [3.5, 4, 3.5, 2.5])
        #expect(drawn(1, .wrap) == [2, 3, 4, 2])
    }
}

@Suite struct AugmentationFixtureTests {
    /// What scripts/make-augmentation-fixtures wrote.
    private struct Fixture: Decodable {
        struct KerasCase: Decodable {
            let fill: String
            let rotation: Double
            let xShift: Double
            let yShift: Double
            let shear: Double
            let xZoom: Double
            let yZoom: Double
            let expected: [Float]
        }
        struct SciPyCase: Decodable {
            let fill: String
            let xx: Double
            let xy: Double
            let yx: Double
            let yy: Double
            let xOffset: Double
            let yOffset: Double
            let expected: [Float]
        }
        let square: [UInt8]
        let keras: [KerasCase]
        let oblong: [UInt8]
        let scipy: [SciPyCase]

        static func load() throws -> Fixture {
            let url = try #require(
                Bundle.module.url(forResource: "augmentation", withExtension: "json", subdirectory: "Fixtures"))
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Fixture.self, from: Data(contentsOf: url))
        }
    }

    private func drawn(_ image: [UInt8], _ map: AffineMap, height: Int, width: Int, fill: String) throws -> [Float] {
        let fill = try #require(AugmentationConfiguration.FillMode(rawValue: fill))
        var result = [Float](repeating: .nan, count: height * width)
        AffineSampling(height: height, width: width, channels: 1, fill: fill)
            .apply(map, image.map { Float($0) / 255 }, to: &result)
        return result
    }

    /// The largest difference of two images.
    private func difference(_ left: [Float], _ right: [Float]) -> Float {
        guard left.count == right.count else { return .infinity }
        return zip(left, right).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test("rotation, shift, shear and zoom draw what Keras draws")
    func keras() throws {
        let fixture = try Fixture.load()
        #expect(fixture.keras.count == 16)
        for sample in fixture.keras {
            let map = AffineMap(
                rotationDegrees: sample.rotation, xShift: sample.xShift, yShift: sample.yShift,
                shearDegrees: sample.shear, xZoom: sample.xZoom, yZoom: sample.yZoom, height: 9, width: 9)
            let result = try drawn(fixture.square, map, height: 9, width: 9, fill: sample.fill)
            #expect(difference(result, sample.expected) < 1e-6, "\(sample.fill)")
        }
    }

    @Test("an affine map of an oblong image draws what SciPy draws, in every fill mode")
    func scipy() throws {
        let fixture = try Fixture.load()
        #expect(Set(fixture.scipy.map(\.fill)).count == 4)
        for sample in fixture.scipy {
            let map = AffineMap(
                xx: sample.xx, xy: sample.xy, xOffset: sample.xOffset, yx: sample.yx, yy: sample.yy,
                yOffset: sample.yOffset)
            let result = try drawn(fixture.oblong, map, height: 6, width: 9, fill: sample.fill)
            #expect(difference(result, sample.expected) < 1e-6, "\(sample.fill)")
        }
    }
}
