/// Elementary functions in Double with the same bits on every machine, unlike a library's: by series of fixed length
/// and by repeated squaring. Sine, cosine, exponential and logarithm are within 2 ulp of the exact values in their
/// ranges.
package enum ElementaryFunctions {
    /// base^exponent by repeated squaring, from the lowest bit of the exponent up.
    package static func power(_ base: Double, _ exponent: Int) -> Double {
        precondition(exponent >= 0, "negative exponents are not supported")
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// cos(π·t) for t in 0...1, within 1e-15, by the Taylor polynomial of the nearer of cosine and sine around the
    /// middle.
    package static func cosineOfHalfTurns(_ share: Double) -> Double {
        if share > 0.5 { return -cosineOfHalfTurns(1 - share) }
        if share > 0.25 { return taylor((0.5 - share) * .pi, first: 1) }
        return taylor(share * .pi, first: 0)
    }

    /// Σ (−1)^k·x^(first + 2k)/(first + 2k)!: cosine with first 0, sine with first 1, for |x| up to π/4.
    private static func taylor(_ x: Double, first: Int) -> Double {
        let square = x * x
        var sum = 0.0
        for power in stride(from: first + 18, through: first + 2, by: -2) {
            sum = -square / Double(power * (power - 1)) * (1 + sum)
        }
        return (first == 0 ? 1 : x) * (1 + sum)
    }

    /// Sine and cosine of an angle between −180 and 180 degrees. The angle is reduced to ±45 degrees exactly, then
    /// taken through Taylor's series.
    package static func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
        precondition(abs(degrees) <= 180, "an angle between −180 and 180 degrees")
        let quarter = Int(degrees / 90 + (degrees < 0 ? -0.5 : 0.5))
        let angle = (degrees - Double(quarter) * 90) * (Double.pi / 180)
        let square = angle * angle
        let sine = angle + angle * polynomial(sineCoefficients, square)
        let cosine = 1 + polynomial(cosineCoefficients, square)
        switch quarter & 3 {
        case 0: return (sine, cosine)
        case 1: return (cosine, -sine)
        case 2: return (-sine, -cosine)
        default: return (-cosine, sine)
        }
    }

    /// e^x for x between −10 and 10: 2^k · e^r with r within ± ln 2 / 2, by Taylor's series.
    package static func exponential(_ x: Double) -> Double {
        precondition(abs(x) <= 10, "an exponent between −10 and 10")
        let exponent = Int(x / naturalLogarithmOf2 + (x < 0 ? -0.5 : 0.5))
        let rest = (x - Double(exponent) * logarithmOf2High) - Double(exponent) * logarithmOf2Low
        let series = 1 + rest * polynomial(exponentialCoefficients, rest, first: 1)
        return Double(sign: .plus, exponent: exponent, significand: series)
    }

    /// ln x for positive x: e · ln 2 + 2 · artanh((m − 1) / (m + 1)) with x = m · 2^e and m around 1.
    package static func logarithm(_ x: Double) -> Double {
        precondition(x.isNormal && x > 0, "a positive number")
        var (exponent, significand) = (Int(x.exponent), x.significand)
        if significand > 1.414_213_562_373_095_1 {
            significand /= 2
            exponent += 1
        }
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        let series = 2 * ratio + 2 * ratio * polynomial(inverseTangentCoefficients, square)
        return Double(exponent) * logarithmOf2High + (series + Double(exponent) * logarithmOf2Low)
    }

    /// `first + c₁ x + c₂ x² + …` by Horner's rule, from the last coefficient to the first.
    private static func polynomial(_ coefficients: [Double], _ x: Double, first: Double = 0) -> Double {
        var sum = 0.0
        for coefficient in coefficients.reversed() { sum = (sum + coefficient) * x }
        return first + sum
    }

    /// (−1)ⁿ / (2n + 1)!
    private static let sineCoefficients = (1...9).map { (n: Int) -> Double in
        (n % 2 == 0 ? 1 : -1) / factorial(2 * n + 1)
    }
    /// (−1)ⁿ / (2n)!
    private static let cosineCoefficients = (1...9).map { (n: Int) -> Double in
        (n % 2 == 0 ? 1 : -1) / factorial(2 * n)
    }
    /// 1 / (n + 1)!
    private static let exponentialCoefficients = (1...14).map { 1 / factorial($0 + 1) }
    /// 1 / (2n + 1)
    private static let inverseTangentCoefficients = (1...12).map { 1 / Double(2 * $0 + 1) }

    private static func factorial(_ number: Int) -> Double {
        (1...number).reduce(1.0) { $0 * Double($1) }
    }

    private static let naturalLogarithmOf2 = 0x1.62e42fefa39efp-1
    /// ln 2 in two parts, the first of which has 20 zero bits at its end, so that its products with small whole numbers
    /// are exact.
    private static let logarithmOf2High = 0x1.62e42fefp-1
    private static let logarithmOf2Low = 0x1.473de6af278edp-34
}
