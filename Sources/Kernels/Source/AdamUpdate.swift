public import KernelInterface

/// `KernelTable.adamUpdate`, in this order of operations, each rounded to binary32 (fma rounds once):
///
///     g = after GradientAdjustment
///     g = fma(gradientDecay, p, g)                                       (if gradientDecay is not 0)
///     p = fma(−weightDecay, p, p)                                        (if weightDecay is not 0)
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − (stepSize · m) / (√v · secondRootScale + epsilon)
///
/// The loop is written for one value and vectorized by the compiler.
public func adamUpdate(_ arguments: AdamArguments) {
    if arguments.weightDecay != 0 {
        let parameters = arguments.parameters
        forEachGradient(arguments) { index, gradient in
            let decayed = parameters[index].addingProduct(-arguments.weightDecay, parameters[index])
            parameters[index] = decayed - step(arguments, index, gradient)
        }
    } else if arguments.gradientDecay != 0 {
        let parameters = arguments.parameters
        forEachGradient(arguments) { index, gradient in
            let decayed = gradient.addingProduct(arguments.gradientDecay, parameters[index])
            parameters[index] -= step(arguments, index, decayed)
        }
    } else {
        let parameters = arguments.parameters
        forEachGradient(arguments) { index, gradient in
            parameters[index] -= step(arguments, index, gradient)
        }
    }
}

@inline(__always)
private func forEachGradient(_ arguments: AdamArguments, _ update: (_ index: Int, _ gradient: Float) -> Void) {
    forEachGradient(
        arguments.count, arguments.parameters, arguments.gradientSum, batchSize: arguments.batchSize,
        arguments.adjustment, update)
}

/// Moves both moments and returns what to subtract from the parameter.
@inline(__always)
private func step(_ arguments: AdamArguments, _ index: Int, _ gradient: Float) -> Float {
    let firstMoment = arguments.firstMoment
    let secondMoment = arguments.secondMoment
    let first = firstMoment[index].addingProduct(gradient - firstMoment[index], 1 - arguments.beta1)
    let change = (-secondMoment[index]).addingProduct(gradient, gradient)
    let second = secondMoment[index].addingProduct(change, 1 - arguments.beta2)
    firstMoment[index] = first
    secondMoment[index] = second
    return arguments.stepSize * first / (second.squareRoot() * arguments.secondRootScale + arguments.epsilon)
}
