import Core

/// Varies images in place: random crop, affine map, flip, erased rectangle, in this order.
///
/// The result is a function of seed, step and the sample's place in the global batch only.
package struct ImageAugmentation: Sendable {
    private let configuration: AugmentationConfiguration
    private let height: Int
    private let width: Int
    private let channels: Int
    private let seed: UInt64
    private let logarithmsOfRatio: ClosedRange<Double>

    package init(_ configuration: AugmentationConfiguration, height: Int, width: Int, channels: Int, seed: UInt64) {
        self.configuration = configuration
        self.height = height
        self.width = width
        self.channels = channels
        self.seed = seed
        let ratio = configuration.erasing?.aspectRatio ?? 1...1
        let low = ElementaryFunctions.logarithm(ratio.lowerBound)
        logarithmsOfRatio = low...max(low, ElementaryFunctions.logarithm(ratio.upperBound))
    }

    /// Floats of an image, and of the scratch memory that `apply` needs.
    package var elementCount: Int { height * width * channels }

    /// Varies `image`, `[height, width, channels]`. `step` counts the training's steps before this one.
    package func apply(
        to image: UnsafeMutablePointer<Float>, step: UInt32, position: UInt32, scratch: UnsafeMutablePointer<Float>
    ) {
        let draws = AugmentationDraws(seed: seed, step: step, position: position)
        if let crop = configuration.crop {
            let top = draws.index(.cropTop, below: 2 * crop.padding + 1) - crop.padding
            let left = draws.index(.cropLeft, below: 2 * crop.padding + 1) - crop.padding
            scratch.update(from: image, count: elementCount)
            self.crop(scratch, to: image, top: top, left: left)
        }
        if isWarped {
            scratch.update(from: image, count: elementCount)
            AffineSampling(height: height, width: width, channels: channels, fill: configuration.fill)
                .apply(map(draws), scratch, to: image)
        }
        if configuration.flipsHorizontally, draws.chance(.flip, 0.5) { flip(image) }
        if let erasing = configuration.erasing, draws.chance(.erasing, erasing.probability) {
            erase(image, erasing, draws)
        }
    }

    private var isWarped: Bool {
        configuration.rotationDegrees > 0 || configuration.widthShift > 0 || configuration.heightShift > 0
            || configuration.shearDegrees > 0 || configuration.zoom != 1...1
    }

    /// The map with parameters drawn as Keras's ImageDataGenerator draws them.
    private func map(_ draws: AugmentationDraws) -> AffineMap {
        AffineMap(
            rotationDegrees: draws.number(.rotation, within: configuration.rotationDegrees),
            xShift: draws.number(.widthShift, within: configuration.widthShift) * Double(width),
            yShift: draws.number(.heightShift, within: configuration.heightShift) * Double(height),
            shearDegrees: draws.number(.shear, within: configuration.shearDegrees),
            xZoom: draws.number(.xZoom, in: configuration.zoom), yZoom: draws.number(.yZoom, in: configuration.zoom),
            height: height, width: width)
    }

    /// The image as seen through a window whose upper left corner is at (top, left), with zeros around it.
    private func crop(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, top: Int, left: Int) {
        for y in 0..<height {
            for x in 0..<width {
                let isInside = 0..<height ~= y + top && 0..<width ~= x + left
                let pixel = target + (y * width + x) * channels
                for channel in 0..<channels {
                    pixel[channel] = isInside ? source[((y + top) * width + x + left) * channels + channel] : 0
                }
            }
        }
    }

    private func flip(_ image: UnsafeMutablePointer<Float>) {
        for y in 0..<height {
            let row = image + y * width * channels
            for x in 0..<width / 2 {
                for channel in 0..<channels {
                    let (left, right) = (x * channels + channel, (width - 1 - x) * channels + channel)
                    (row[left], row[right]) = (row[right], row[left])
                }
            }
        }
    }

    /// As torchvision's RandomErasing: up to ten attempts to draw a rectangle that is smaller than the image both ways.
    private func erase(
        _ image: UnsafeMutablePointer<Float>, _ erasing: AugmentationConfiguration.RandomErasing,
        _ draws: AugmentationDraws
    ) {
        for attempt in 0..<10 {
            let area = Double(height * width) * draws.area(attempt: attempt, in: erasing.area)
            let ratio = ElementaryFunctions.exponential(
                draws.logarithmOfRatio(attempt: attempt, in: logarithmsOfRatio))
            let rowCount = Int((area * ratio).squareRoot().rounded(.toNearestOrEven))
            let columnCount = Int((area / ratio).squareRoot().rounded(.toNearestOrEven))
            guard rowCount < height, columnCount < width else { continue }
            let top = draws.top(attempt: attempt, below: height - rowCount + 1)
            let left = draws.left(attempt: attempt, below: width - columnCount + 1)
            for y in top..<top + rowCount {
                let row = image + (y * width + left) * channels
                row.update(repeating: erasing.value, count: columnCount * channels)
            }
            return
        }
    }
}
