import Glibc

/// The numbers of an axis: round ticks, and the range that they and the data span.
struct AxisScale: Equatable {
    let lower: Double
    let upper: Double
    let ticks: [Double]
    private let digits: Int

    /// About `count` ticks at round numbers over `lower...upper`; with `wholeNumbers` none lies between integers. The
    /// range itself stays as it is given, except that an empty one is widened.
    init(lower: Double, upper: Double, count: Int, wholeNumbers: Bool = false) {
        precondition(lower.isFinite && upper.isFinite && lower <= upper && count >= 1, "a finite range")
        let margin = upper > lower ? 0 : max(abs(lower) * 0.05, wholeNumbers ? 1 : 1e-3)
        self.lower = lower - margin
        self.upper = upper + margin
        let step = Self.roundStep((self.upper - self.lower) / Double(count), wholeNumbers: wholeNumbers)
        let first = Int((self.lower / step - 1e-9).rounded(.up))
        let last = Int((self.upper / step + 1e-9).rounded(.down))
        ticks = first <= last ? (first...last).map { Double($0) * step } : []
        digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    }

    /// The next of 1, 2 and 5 times a power of ten.
    private static func roundStep(_ raw: Double, wholeNumbers: Bool) -> Double {
        let power = pow(10, log10(raw).rounded(.down))
        let step = [1, 2, 5].map { $0 * power }.first { $0 >= raw * (1 - 1e-9) } ?? 10 * power
        return wholeNumbers ? max(1, step) : step
    }

    /// The share of the way from `lower` to `upper`.
    func share(of value: Double) -> Double { (value - lower) / (upper - lower) }

    func label(_ tick: Double) -> String {
        // The sum drops the sign of a zero that rounding made.
        FixedPoint.text(tick + 0, digits: digits)
    }
}
