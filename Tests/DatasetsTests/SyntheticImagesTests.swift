import Core
import Datasets
import Testing

@Suite struct SyntheticImagesTests {
    @Test("each sample depends on seed and index alone")
    func deterministic() {
        let few = SyntheticImages.make(sampleCount: 50, seed: 7)
        let many = SyntheticImages.make(sampleCount: 80, seed: 7)
        #expect(few.labels == Array(many.labels.prefix(50)))
        #expect(few.pixels == Array(many.pixels.prefix(50 * 784)))
        #expect(few.digest != SyntheticImages.make(sampleCount: 50, seed: 8).digest)
        #expect((few.name, few.height, few.width, few.channels) == ("synthetic", 28, 28, 1))
        #expect(few.classNames.count == 10)
    }

    @Test("the samples are the committed ones")
    func golden() {
        let digest = "eec83cab550d13f315a7133dc59461fbbfce1187adead812ae77202608867ea6"
        #expect(SyntheticImages.make(sampleCount: 100, seed: 1).digest.hexadecimal == digest)
    }

    @Test("all classes occur about equally often, and the nearest class mean finds most labels but not all")
    func learnable() {
        let training = SyntheticImages.make(sampleCount: 4000, seed: 1)
        let test = SyntheticImages.make(sampleCount: 1000, seed: 2)
        var counts = [Int](repeating: 0, count: 10)
        var means = [[Double]](repeating: [Double](repeating: 0, count: 784), count: 10)
        for (sample, label) in training.labels.enumerated() {
            counts[Int(label)] += 1
            for pixel in 0..<784 { means[Int(label)][pixel] += Double(training.pixels[sample * 784 + pixel]) }
        }
        #expect(counts.allSatisfy { (300...500).contains($0) })
        for label in 0..<10 { means[label] = means[label].map { $0 / Double(counts[label]) } }
        let correct = test.labels.enumerated().filter { sample, label in
            let distances = means.map { mean in
                (0..<784).reduce(0.0) { sum, pixel in
                    let difference = Double(test.pixels[sample * 784 + pixel]) - mean[pixel]
                    return sum + difference * difference
                }
            }
            return distances.indices.min { distances[$0] < distances[$1] } == Int(label)
        }
        #expect((500...990).contains(correct.count))
    }
}
