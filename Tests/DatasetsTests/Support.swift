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
