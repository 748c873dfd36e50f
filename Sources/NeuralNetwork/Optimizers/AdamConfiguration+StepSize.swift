extension AdamConfiguration {
    /// α of a step: learningRate·√(1 − β₂ᵗ)/(1 − β₁ᵗ), computed in Double and rounded once (Kingma & Ba 2015, end of
    /// section 2).
    func stepSize(step: Int) -> Float {
        let firstCorrection = 1 - power(Double(beta1), step)
        let secondCorrection = 1 - power(Double(beta2), step)
        return Float(Double(learningRate) * secondCorrection.squareRoot() / firstCorrection)
    }
}

/// base^exponent by repeated squaring, from the lowest bit of the exponent up: the same bits on every machine, unlike a
/// library's `pow`.
func power(_ base: Double, _ exponent: Int) -> Double {
    precondition(exponent >= 0, "negative exponents are not needed")
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
