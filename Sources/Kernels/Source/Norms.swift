public import KernelInterface

/// `KernelTable.sumOfSquares`.
public func sumOfSquares(_ count: Int, _ x: UnsafePointer<Float>) -> Double {
    sumInLanes(count) { index in Double(x[index]) * Double(x[index]) }
}

/// `KernelTable.sumOfMagnitudes`.
public func sumOfMagnitudes(_ count: Int, _ x: UnsafePointer<Float>) -> Double {
    sumInLanes(count) { index in Double(Float(bitPattern: x[index].bitPattern & 0x7FFF_FFFF)) }
}

/// `KernelTable.sumOfGradientSquares`.
public func sumOfGradientSquares(_ arguments: GradientNormArguments) -> Double {
    let (parameters, gradientSum) = (arguments.parameters, arguments.gradientSum)
    let (batchSize, adjustment) = (arguments.batchSize, arguments.adjustment)
    if !adjustment.hasPenalty {
        return sumInLanes(arguments.count) { index in
            let gradient = Double(gradientSum[index] / batchSize)
            return gradient * gradient
        }
    }
    return sumInLanes(arguments.count) { index in
        let gradient = Double(penalized(gradientSum[index] / batchSize, parameters[index], adjustment))
        return gradient * gradient
    }
}

/// Sums terms in 16 lanes, term i in lane i mod 16, and then the lanes by halves.
@inline(__always)
private func sumInLanes(_ count: Int, _ term: (_ index: Int) -> Double) -> Double {
    var low = SIMD8<Double>.zero
    var high = SIMD8<Double>.zero
    var index = 0
    while index &+ 16 <= count {
        low += terms(index, term)
        high += terms(index &+ 8, term)
        index &+= 16
    }
    var lane = 0
    while lane < 8 {
        if index &+ lane < count { low[lane] += term(index &+ lane) }
        if index &+ lane &+ 8 < count { high[lane] += term(index &+ lane &+ 8) }
        lane &+= 1
    }
    let sums = low + high
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// Eight neighbouring terms. The lane loop becomes vector arithmetic; the standard library's conversions stay calls.
@inline(__always)
private func terms(_ index: Int, _ term: (_ index: Int) -> Double) -> SIMD8<Double> {
    var values = SIMD8<Double>.zero
    var lane = 0
    while lane < 8 {
        values[lane] = term(index &+ lane)
        lane &+= 1
    }
    return values
}
