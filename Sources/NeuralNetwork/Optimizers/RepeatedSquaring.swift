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
