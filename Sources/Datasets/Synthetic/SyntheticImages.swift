import Core

/// Made-up garments, 28 × 28 grey in ten classes, for tests and machines without the real data. A linear model learns a
/// good part of them and a convolution more; accuracies on them mean nothing else.
package enum SyntheticImages {
    /// The most samples that can be made.
    package static let maximumCount = 1_000_000

    /// Each sample is a function of seed and index alone: a garment, its place, size, brightness, light and texture, and noise.
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

    /// Fills one image and gives its label. Blocks 0 and 1 of a sample's words decide about the garment, the others are noise.
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
