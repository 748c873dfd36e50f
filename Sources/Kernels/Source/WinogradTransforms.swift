// Winograd's transforms of one line (a row or a column of a tile), with the lanes over channels.
//
// A line of 6 has the points 0, ±3/4, ±3/2 and ∞, one of 4 the points 0, ±1 and ∞. Among pairs ±a, ±b with short binary
// fractions these points have about the lowest rounding error: half that of ±1, ±2. With N(x) = Π (x − p) over the
// finite points, row p of Bᵀ has the coefficients of N(x) / (x − p), row ∞ those of N(x); row p of G is (1, p, p²) /
// N'(p), row ∞ (0, 0, 1); row p of A is (1, p, p², p³), row ∞ (0, …, 0, 1). Each transform is a fixed sequence of
// additions and fused products; rows ±p share their even and odd halves.

/// Up to six vectors of a line; the others are not used.
struct WinogradLine {
    var v0 = Vector.zero
    var v1 = Vector.zero
    var v2 = Vector.zero
    var v3 = Vector.zero
    var v4 = Vector.zero
    var v5 = Vector.zero
}

/// What is done with a line; `points` is 6 or 4 at every use.
enum WinogradTransform {
    /// `points` inputs to points: Bᵀ.
    case input
    /// Points to `points − 2` outputs: Aᵀ.
    case output
    /// `points − 2` gradients of outputs to points: A.
    case outputGradient
    /// Points to `points` gradients of inputs: B.
    case inputGradient
    /// Three weights to points: G.
    case weight
    /// Points to three gradients of weights: Gᵀ.
    case weightGradient

    /// Vectors of a line before the transform.
    @inline(always)
    func sourceCount(_ points: Int) -> Int {
        switch self {
        case .input, .output, .inputGradient, .weightGradient: points
        case .outputGradient: points &- 2
        case .weight: 3
        }
    }

    /// Vectors of a line after the transform.
    @inline(always)
    func resultCount(_ points: Int) -> Int {
        switch self {
        case .input, .outputGradient, .inputGradient, .weight: points
        case .output: points &- 2
        case .weightGradient: 3
        }
    }

    @inline(always)
    func apply(_ line: WinogradLine, _ points: Int) -> WinogradLine {
        switch self {
        case .input: points == 6 ? line.inputAt6 : line.inputAt4
        case .output: points == 6 ? line.outputOf6 : line.outputOf4
        case .outputGradient: points == 6 ? line.outputGradientAt6 : line.outputGradientAt4
        case .inputGradient: points == 6 ? line.inputGradientOf6 : line.inputGradientOf4
        case .weight: points == 6 ? line.weightAt6 : line.weightAt4
        case .weightGradient: points == 6 ? line.weightGradientOf6 : line.weightGradientOf4
        }
    }
}

/// Constants of the points ±a = ±3/4 and ±b = ±3/2. All but the divisors of G are exact.
private enum Constant {
    @inline(always) static var a: Float { 0.75 }
    @inline(always) static var b: Float { 1.5 }
    @inline(always) static var a2: Float { 0.5625 }
    @inline(always) static var b2: Float { 2.25 }
    @inline(always) static var a3: Float { 0.421875 }
    @inline(always) static var b3: Float { 3.375 }
    /// a² + b² and a²·b².
    @inline(always) static var sum: Float { 2.8125 }
    @inline(always) static var product: Float { 1.265625 }
    /// a·b² and a²·b.
    @inline(always) static var ab2: Float { 1.6875 }
    @inline(always) static var a2b: Float { 0.84375 }
    /// 1 / N'(p) of the points 0, ±a and ±b.
    @inline(always) static var divisor0: Float { 1 / 1.265625 }
    @inline(always) static var divisorA: Float { -1 / 1.8984375 }
    @inline(always) static var divisorB: Float { 1 / 7.59375 }
}

/// `x + k · y`, fused.
@inline(always)
private func adding(_ x: Vector, _ k: Float, _ y: Vector) -> Vector {
    x.addingProduct(broadcast(k), y)
}

/// `k · y`.
@inline(always)
private func scaled(_ k: Float, _ y: Vector) -> Vector {
    broadcast(k) * y
}

/// Lines of 6 points.
extension WinogradLine {
    @inline(always)
    var inputAt6: WinogradLine {
        let evenA = adding(v4, -Constant.b2, v2)
        let oddA = adding(v3, -Constant.b2, v1)
        let evenB = adding(v4, -Constant.a2, v2)
        let oddB = adding(v3, -Constant.a2, v1)
        var result = WinogradLine()
        result.v0 = adding(adding(v4, -Constant.sum, v2), Constant.product, v0)
        result.v1 = adding(evenA, Constant.a, oddA)
        result.v2 = adding(evenA, -Constant.a, oddA)
        result.v3 = adding(evenB, Constant.b, oddB)
        result.v4 = adding(evenB, -Constant.b, oddB)
        result.v5 = adding(adding(v5, -Constant.sum, v3), Constant.product, v1)
        return result
    }

    @inline(always)
    var outputOf6: WinogradLine {
        let (sumA, differenceA) = (v1 + v2, v1 - v2)
        let (sumB, differenceB) = (v3 + v4, v3 - v4)
        var result = WinogradLine()
        result.v0 = v0 + sumA + sumB
        result.v1 = adding(scaled(Constant.b, differenceB), Constant.a, differenceA)
        result.v2 = adding(scaled(Constant.b2, sumB), Constant.a2, sumA)
        result.v3 = adding(adding(v5, Constant.b3, differenceB), Constant.a3, differenceA)
        return result
    }

    @inline(always)
    var outputGradientAt6: WinogradLine {
        let evenA = adding(v0, Constant.a2, v2)
        let oddA = adding(scaled(Constant.a, v1), Constant.a3, v3)
        let evenB = adding(v0, Constant.b2, v2)
        let oddB = adding(scaled(Constant.b, v1), Constant.b3, v3)
        var result = WinogradLine()
        result.v0 = v0
        result.v1 = evenA + oddA
        result.v2 = evenA - oddA
        result.v3 = evenB + oddB
        result.v4 = evenB - oddB
        result.v5 = v3
        return result
    }

    @inline(always)
    var inputGradientOf6: WinogradLine {
        let (sumA, differenceA) = (v1 + v2, v1 - v2)
        let (sumB, differenceB) = (v3 + v4, v3 - v4)
        var result = WinogradLine()
        result.v0 = scaled(Constant.product, v0)
        result.v1 = adding(
            adding(scaled(Constant.product, v5), -Constant.ab2, differenceA), -Constant.a2b, differenceB)
        result.v2 = adding(adding(scaled(-Constant.sum, v0), -Constant.b2, sumA), -Constant.a2, sumB)
        result.v3 = adding(
            adding(scaled(-Constant.sum, v5), Constant.a, differenceA), Constant.b, differenceB)
        result.v4 = v0 + sumA + sumB
        result.v5 = v5
        return result
    }

    @inline(always)
    var weightAt6: WinogradLine {
        let evenA = adding(v0, Constant.a2, v2)
        let evenB = adding(v0, Constant.b2, v2)
        var result = WinogradLine()
        result.v0 = scaled(Constant.divisor0, v0)
        result.v1 = scaled(Constant.divisorA, adding(evenA, Constant.a, v1))
        result.v2 = scaled(Constant.divisorA, adding(evenA, -Constant.a, v1))
        result.v3 = scaled(Constant.divisorB, adding(evenB, Constant.b, v1))
        result.v4 = scaled(Constant.divisorB, adding(evenB, -Constant.b, v1))
        result.v5 = v2
        return result
    }

    @inline(always)
    var weightGradientOf6: WinogradLine {
        let (sumA, differenceA) = (scaled(Constant.divisorA, v1 + v2), scaled(Constant.divisorA, v1 - v2))
        let (sumB, differenceB) = (scaled(Constant.divisorB, v3 + v4), scaled(Constant.divisorB, v3 - v4))
        var result = WinogradLine()
        result.v0 = adding(sumA + sumB, Constant.divisor0, v0)
        result.v1 = adding(scaled(Constant.b, differenceB), Constant.a, differenceA)
        result.v2 = adding(adding(v5, Constant.b2, sumB), Constant.a2, sumA)
        return result
    }
}

/// Lines of 4 points.
extension WinogradLine {
    @inline(always)
    var inputAt4: WinogradLine {
        var result = WinogradLine()
        result.v0 = v2 - v0
        result.v1 = v2 + v1
        result.v2 = v2 - v1
        result.v3 = v3 - v1
        return result
    }

    @inline(always)
    var outputOf4: WinogradLine {
        var result = WinogradLine()
        result.v0 = v0 + v1 + v2
        result.v1 = v1 - v2 + v3
        return result
    }

    @inline(always)
    var outputGradientAt4: WinogradLine {
        var result = WinogradLine()
        result.v0 = v0
        result.v1 = v0 + v1
        result.v2 = v0 - v1
        result.v3 = v1
        return result
    }

    @inline(always)
    var inputGradientOf4: WinogradLine {
        var result = WinogradLine()
        result.v0 = Vector.zero - v0
        result.v1 = v1 - v2 - v3
        result.v2 = v0 + v1 + v2
        result.v3 = v3
        return result
    }

    @inline(always)
    var weightAt4: WinogradLine {
        let even = v0 + v2
        var result = WinogradLine()
        result.v0 = Vector.zero - v0
        result.v1 = scaled(0.5, even + v1)
        result.v2 = scaled(0.5, even - v1)
        result.v3 = v2
        return result
    }

    @inline(always)
    var weightGradientOf4: WinogradLine {
        let (sum, difference) = (scaled(0.5, v1 + v2), scaled(0.5, v1 - v2))
        var result = WinogradLine()
        result.v0 = sum - v0
        result.v1 = difference
        result.v2 = sum + v3
        return result
    }
}
