import Core
import TestSupport

@testable import Coordination

/// Values of fields as a peer with bad intentions or a bug may send them, from a seed.
struct HostileValues {
    var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func pick<Element>(_ values: [Element]) -> Element {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }

    /// Mostly what fits, else a number at an edge.
    mutating func number(_ fitting: UInt64, extremes percent: Int = 12) -> UInt64 {
        guard chance(percent) else { return fitting }
        let edges: [UInt64] = [
            0, 1, 2, 63, 512, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53, UInt64(Int.max), UInt64(Int.max) + 1,
            .max / 2 + 1, .max - 2, .max - 1, .max,
        ]
        return chance(20) ? generator.next() : pick(edges)
    }

    mutating func smallNumber(_ fitting: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: number(UInt64(fitting)))
    }

    mutating func real() -> Double {
        pick([0, 0.5, 1, -1, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, 1e19, 9.3e18])
    }

    /// Mostly the one that all have.
    mutating func digest() -> SHA256Digest {
        SampleMessages.digest(chance(90) ? 200 : UInt8.random(in: 0...255, using: &generator))
    }

    mutating func position(_ fitting: Position) -> Position {
        Position(
            rounds: number(fitting.rounds, extremes: 6), completedSteps: number(fitting.completedSteps, extremes: 6),
            completedEpochs: chance(6) ? smallNumber(.max) : fitting.completedEpochs)
    }

    mutating func stateName(_ fitting: Position) -> StateName {
        StateName(
            purpose: pick(StatePurpose.allCases), completedSteps: number(fitting.completedSteps),
            completedEpochs: smallNumber(fitting.completedEpochs))
    }

    mutating func bytes(upTo count: Int) -> [UInt8] {
        Array(
            repeating: UInt8.random(in: 0...255, using: &generator), count: Int.random(in: 0...count, using: &generator)
        )
    }
}
