import TestSupport
import Testing

@testable import Datasets

@Suite struct MutationTests {
    @Test("a mutated file never traps: it is refused, or reads as what it was", arguments: [1, 2, 3, 4] as [UInt64])
    func packed(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let whole = Gzip.packed(IDXFile.encode(sampleImages))
        for _ in 0..<1500 {
            let bytes = mutated(whole, using: &generator)
            if let images = try? IDXFile.images(from: bytes, name: "mutated") {
                #expect(images == sampleImages)
            }
        }
    }

    @Test("a mutated plain file never traps, and the data that are read have the announced size")
    func plain() {
        var generator = SeededGenerator(seed: 5)
        let whole = IDXFile.encode(sampleImages)
        for _ in 0..<6000 {
            let bytes = mutated(whole, using: &generator)
            if let images = try? IDXFile.images(from: bytes, name: "mutated") {
                #expect(images.pixels.count == images.count * images.height * images.width)
            }
            _ = try? IDXFile.labels(from: bytes, name: "mutated", classCount: 10)
        }
    }
}
