import Randomness

/// Made-up garments, 28 × 28 grey in ten classes, for tests and machines without the real data. A linear model learns a
/// good part of them and a convolution more; accuracies on them mean nothing else.
public enum SyntheticImages {
    /// The most samples that can be made.
    public static let maximumCount = 1_000_000

    /// Each sample is a function of seed and index alone: a label, a shift of up to 3 pixels, a brightness, and noise.
    public static func make(sampleCount: Int, seed: UInt64) -> ImageDataset {
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

    /// Fills one image and gives its label. Block 0 of a sample's words decides about the garment, the others are noise.
    private static func draw(
        sample: UInt32, stream: RandomStream, into image: UnsafeMutableBufferPointer<UInt8>
    ) -> UInt8 {
        let garment = stream.block(position: sample, index: 0)
        let label = Int(garment[0] % 10)
        let (shiftX, shiftY) = (Int(garment[1] % 7) - 3, Int(garment[2] % 7) - 3)
        let brightness = 80 + Int(garment[3] % 96)
        image.initialize(repeating: 0)
        for patch in garments[label] {
            for y in max(0, patch.top + shiftY)..<min(side, patch.bottom + shiftY) {
                for x in max(0, patch.left + shiftX)..<min(side, patch.right + shiftX) {
                    image[y * side + x] = UInt8(brightness)
                }
            }
        }
        for index in 0..<imageByteCount / 4 {
            let words = stream.block(position: sample, index: UInt32(index) + 1)
            for lane in 0..<4 {
                let noise = Int(words[lane] >> 25) - 64
                let place = index * 4 + lane
                image[place] = UInt8(clamping: Int(image[place]) + noise)
            }
        }
        return UInt8(label)
    }

    private struct Patch {
        let left: Int, top: Int, right: Int, bottom: Int

        init(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int) {
            (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
        }
    }

    /// The rectangles of each class, in the order of the class names.
    private static let garments: [[Patch]] = [
        [Patch(9, 6, 19, 24), Patch(4, 6, 24, 11)],
        [Patch(9, 4, 13, 25), Patch(15, 4, 19, 25), Patch(9, 4, 19, 8)],
        [Patch(9, 6, 19, 24), Patch(4, 6, 8, 23), Patch(20, 6, 24, 23), Patch(4, 6, 24, 9)],
        [Patch(11, 3, 17, 12), Patch(9, 12, 19, 19), Patch(7, 19, 21, 25)],
        [Patch(8, 4, 13, 25), Patch(15, 4, 20, 25), Patch(4, 6, 7, 22), Patch(21, 6, 24, 22)],
        [Patch(4, 19, 24, 22), Patch(8, 12, 10, 19), Patch(16, 14, 18, 19)],
        [Patch(9, 4, 19, 25), Patch(5, 5, 23, 15)],
        [Patch(4, 17, 24, 22), Patch(4, 13, 12, 17)],
        [Patch(5, 12, 23, 24), Patch(9, 6, 11, 12), Patch(17, 6, 19, 12), Patch(9, 6, 19, 8)],
        [Patch(4, 18, 24, 24), Patch(4, 6, 12, 18)],
    ]
}
