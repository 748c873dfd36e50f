/// What a random number is for. Streams of different purposes never share a counter, so a new use of randomness does not
/// shift the draws of an old one. The numbers are part of every result and never change.
package enum RandomPurpose: UInt16, Sendable, CaseIterable {
    case initialWeights = 1
    case split = 2
    case epochOrder = 3
    case dropout = 4
    case augmentation = 5
    case syntheticData = 6
    /// Whose gradients are computed twice; no result depends on it.
    case audit = 7
}
