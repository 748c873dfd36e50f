/// Conversion between the channels of images, in whole numbers.
enum ImageConversion {
    /// Grey of an RGB pixel: the luma of ITU-R BT.601, (19595 · R + 38470 · G + 7471 · B + 32768) / 65536, as Pillow's
    /// `convert("L")`.
    static func grey(_ image: Image) -> Image {
        guard image.channels == 3 else { return image }
        let grey = [UInt8](unsafeUninitializedCapacity: image.height * image.width) { result, count in
            count = image.height * image.width
            for pixel in 0..<count {
                let (red, green) = (UInt32(image.pixels[3 * pixel]), UInt32(image.pixels[3 * pixel + 1]))
                let sum = 19595 * red + 38470 * green + 7471 * UInt32(image.pixels[3 * pixel + 2]) + 32768
                result[pixel] = UInt8(truncatingIfNeeded: sum >> 16)
            }
        }
        return Image(height: image.height, width: image.width, channels: 1, pixels: grey)
    }

    /// The grey value in each of three channels.
    static func rgb(_ image: Image) -> Image {
        guard image.channels == 1 else { return image }
        return Image(
            height: image.height, width: image.width, channels: 3,
            pixels: image.pixels.flatMap { repeatElement($0, count: 3) })
    }

    /// RGB of four inks, each as 255 minus its ink: a colour's light less what black takes, as Pillow's
    /// `convert("RGB")`.
    static func rgb(fromInks pixels: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(pixels.count / 4 * 3)
        for pixel in stride(from: 0, to: pixels.count, by: 4) {
            let black = Int(pixels[pixel + 3])
            for channel in 0..<3 {
                // ink · black / 255, rounded.
                let product = (255 - Int(pixels[pixel + channel])) * black + 128
                result.append(UInt8(max(0, black - (product + product >> 8) >> 8)))
            }
        }
        return result
    }
}

/// Resizing by a triangle of weights around the centre of each new pixel, as Pillow's `resize` with `BILINEAR` and
/// torchvision's `Resize`. Where an image shrinks, the triangle spans as many old pixels as become one, so that none
/// is passed over. Height and width are scaled each for itself.
///
/// Weights are whole numbers of 1/4194304, sums are whole numbers, and each direction rounds to 8 bits, so that the
/// result has the same bits on every machine.
enum ImageResampling {
    /// Cost: pixels of the old height and the new width times the weights of each.
    static func resized(_ image: Image, height: Int, width: Int) -> Image {
        var result = image
        if width != image.width {
            let weights = ResamplingWeights(from: image.width, to: width)
            var pixels = [UInt8](repeating: 0, count: image.height * width * image.channels)
            for y in 0..<image.height {
                let (row, newRow) = (y * image.width * image.channels, y * width * image.channels)
                for x in 0..<width {
                    for channel in 0..<image.channels {
                        pixels[newRow + x * image.channels + channel] = weights.sum(
                            x, of: image.pixels, from: row + channel, stride: image.channels)
                    }
                }
            }
            result = Image(height: image.height, width: width, channels: image.channels, pixels: pixels)
        }
        if height != image.height {
            let weights = ResamplingWeights(from: image.height, to: height)
            let stride = width * image.channels
            var pixels = [UInt8](repeating: 0, count: height * stride)
            for y in 0..<height {
                for place in 0..<stride {
                    pixels[y * stride + place] = weights.sum(y, of: result.pixels, from: place, stride: stride)
                }
            }
            result = Image(height: height, width: width, channels: image.channels, pixels: pixels)
        }
        return result
    }
}

/// The weights of old pixels in each new pixel of a line.
struct ResamplingWeights {
    /// The old pixels of each new one.
    private var ranges: [Range<Int>] = []
    /// The weights of all ranges, one after another.
    private var weights: [Int32] = []
    private var starts: [Int] = []

    private static let fractionBits = 22

    init(from oldCount: Int, to newCount: Int) {
        let scale = Double(oldCount) / Double(newCount)
        // Half the base of the triangle, in old pixels.
        let reach = max(1, scale)
        for index in 0..<newCount {
            let centre = (Double(index) + 0.5) * scale
            let first = max(0, Int(centre - reach + 0.5))
            let end = min(oldCount, Int(centre + reach + 0.5))
            let heights = (first..<end).map { pixel in
                max(0, 1 - abs((Double(pixel) - centre + 0.5) * (1 / reach)))
            }
            let sum = heights.reduce(0, +)
            starts.append(weights.count)
            ranges.append(first..<end)
            weights += heights.map { Int32(0.5 + $0 / sum * Double(1 << Self.fractionBits)) }
        }
    }

    /// The new pixel at `index` of a line whose pixels begin at `start` and are `stride` apart.
    @inline(__always)
    func sum(_ index: Int, of pixels: [UInt8], from start: Int, stride: Int) -> UInt8 {
        var sum = 1 << (Self.fractionBits - 1)
        var weight = starts[index]
        for pixel in ranges[index] {
            sum += Int(pixels[start + pixel * stride]) * Int(weights[weight])
            weight += 1
        }
        return UInt8(clamping: sum >> Self.fractionBits)
    }
}
