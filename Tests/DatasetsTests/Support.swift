import Foundation
import Testing

@testable import Datasets

/// The error that a piece of work throws; nil, and a recorded failure, if it throws none.
func failure<Value>(_ work: () throws(DatasetError) -> Value) -> DatasetError? {
    do {
        _ = try work()
        Issue.record("no error was thrown")
        return nil
    } catch {
        #expect(!"\(error)".contains("\n"))
        return error
    }
}

/// A reproducible sequence for tests that choose at random (SplitMix64).
struct TestGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

/// A few small images with every kind of byte in them.
let sampleImages = IDXFile.Images(
    count: 5, height: 4, width: 3, pixels: (0..<60).map { UInt8(truncatingIfNeeded: $0 * 37) })

/// One to four random changes: a flipped bit, another byte, a cut, an insertion, a removal or a repeated piece.
func mutated(_ whole: [UInt8], using generator: inout TestGenerator) -> [UInt8] {
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

/// Gives a piece of work an empty folder, and removes it afterwards.
func withTemporaryFolder(_ work: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("selvedge-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try work(folder.path)
}
