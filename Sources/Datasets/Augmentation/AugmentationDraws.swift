import Core

/// The random numbers of one sample of one step. Each has its own element of the random stream, so that no setting
/// changes another's draws.
struct AugmentationDraws {
    private let stream: RandomStream
    private let position: UInt32

    enum Place: UInt32 {
        case rotation, widthShift, heightShift, shear, xZoom, yZoom, flip, cropTop, cropLeft, erasing
    }

    /// `step`: the training's steps before this one. `position`: the sample's place in the global batch.
    init(seed: UInt64, step: UInt32, position: UInt32) {
        stream = RandomStream(seed: seed, purpose: .augmentation, step: step)
        self.position = position
    }

    /// A number from `low` to below `high`, or `low` where they are equal.
    func number(_ place: Place, in range: ClosedRange<Double>) -> Double {
        number(element: place.rawValue, in: range)
    }

    /// A number from −bound to below bound.
    func number(_ place: Place, within bound: Double) -> Double {
        bound > 0 ? number(place, in: -bound...bound) : 0
    }

    /// True with probability `share`.
    func chance(_ place: Place, _ share: Double) -> Bool { number(place, in: 0...1) < share }

    /// A whole number below `bound`; the probabilities of two numbers differ by at most 2⁻³².
    func index(_ place: Place, below bound: Int) -> Int {
        index(element: place.rawValue, below: bound)
    }

    /// The four numbers of an attempt to place a rectangle.
    func area(attempt: Int, in range: ClosedRange<Double>) -> Double {
        number(element: Self.firstOfAttempt(attempt), in: range)
    }

    func logarithmOfRatio(attempt: Int, in range: ClosedRange<Double>) -> Double {
        number(element: Self.firstOfAttempt(attempt) + 1, in: range)
    }

    func top(attempt: Int, below bound: Int) -> Int { index(element: Self.firstOfAttempt(attempt) + 2, below: bound) }

    func left(attempt: Int, below bound: Int) -> Int { index(element: Self.firstOfAttempt(attempt) + 3, below: bound) }

    private static func firstOfAttempt(_ attempt: Int) -> UInt32 { 16 + 4 * UInt32(attempt) }

    private func number(element: UInt32, in range: ClosedRange<Double>) -> Double {
        let share = Double(stream.uniform(position: position, element: element))
        return range.lowerBound + (range.upperBound - range.lowerBound) * share
    }

    private func index(element: UInt32, below bound: Int) -> Int {
        let word = stream.word(position: position, element: element)
        return Int(word.multipliedFullWidth(by: UInt32(bound)).high)
    }
}
