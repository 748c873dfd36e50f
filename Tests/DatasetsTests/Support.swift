import TestSupport
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

/// A few small images with every kind of byte in them.
let sampleImages = IDXFile.Images(
    count: 5, height: 4, width: 3, pixels: (0..<60).map { UInt8(truncatingIfNeeded: $0 * 37) })

/// One to four random changes: a flipped bit, another byte, a cut, an insertion, a removal or a repeated piece.
func mutated(_ whole: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
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
    let folder = try TemporaryFolder()
    try withExtendedLifetime(folder) { try work(folder.path) }
}
