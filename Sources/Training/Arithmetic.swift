/// The version of everything that decides a bit of a result: summation orders, polynomials, random draws, layouts.
///
/// It stands in checkpoints and in a worker's first message; workers and checkpoints of another version are refused.
package enum Arithmetic {
    package static let version = 1
}
