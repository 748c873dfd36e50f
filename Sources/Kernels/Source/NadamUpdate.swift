public import KernelInterface

/// `KernelTable.nadamUpdate`, with g after `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − fma(gradientScale, g, momentumScale · m) / (√v · secondRootScale + epsilon)
///
/// The loop is written for one value and vectorized by the compiler.
public func nadamUpdate(_ arguments: NadamArguments) {
    let (parameters, firstMoment) = (arguments.parameters, arguments.firstMoment)
    let secondMoment = arguments.secondMoment
    forEachGradient(
        arguments.count, arguments.parameters, arguments.gradientSum, batchSize: arguments.batchSize,
        arguments.adjustment
    ) { index, gradient in
        let first = firstMoment[index].addingProduct(gradient - firstMoment[index], 1 - arguments.beta1)
        let change = (-secondMoment[index]).addingProduct(gradient, gradient)
        let second = secondMoment[index].addingProduct(change, 1 - arguments.beta2)
        firstMoment[index] = first
        secondMoment[index] = second
        let step = (arguments.momentumScale * first).addingProduct(arguments.gradientScale, gradient)
        parameters[index] -= step / (second.squareRoot() * arguments.secondRootScale + arguments.epsilon)
    }
}
