import Testing

@testable import Datasets

@Suite struct MutationTests {
    @Test("a mutated file never traps: it is refused, or reads as what it was", arguments: [1, 2, 3, 4] as [UInt64])
    func packed(seed: UInt64) {
        var generator = TestGenerator(seed: seed)
        let whole = Gzip.packed(IDXFile.encode(sampleImages))
        for _ in 0..<1500 {
            let bytes = mutate(whole, using: &generator)
            if let images = try? IDXFile.images(from: bytes, name: "mutated") {
                #expect(images == sampleImages)
            }
        }
    }

    @Test("a mutated plain file never traps, and what is read has the size that it claims")
    func plain() {
        var generator = TestGenerator(seed: 5)
        let whole = IDXFile.encode(sampleImages)
        for _ in 0..<6000 {
            let bytes = mutate(whole, using: &generator)
            if let images = try? IDXFile.images(from: bytes, name: "mutated") {
                #expect(images.pixels.count == images.count * images.height * images.width)
            }
            _ = try? IDXFile.labels(from: bytes, name: "mutated", classCount: 10)
        }
    }

    /// One to four random changes: a flipped bit, another byte, a cut, an insertion, a removal or a repeated piece.
    private func mutate(_ whole: [UInt8], using generator: inout TestGenerator) -> [UInt8] {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...9, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes.removeLast(bytes.count - place)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            case 4: bytes.removeSubrange(place..<end)
            default: bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }
}
