public import KernelInterface

/// `KernelTable.lionUpdate`, with g after `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     p = fma(−weightDecay, p, p)
///     c = fma(g − m, 1 − beta1, m)
///     p = p − learningRate · sign c        sign ±0 = 0; NaN stays NaN
///     m = fma(g − m, 1 − beta2, m)
///
/// The loop is written for one value and vectorized by the compiler.
public func lionUpdate(_ arguments: LionArguments) {
    let (parameters, moment) = (arguments.parameters, arguments.firstMoment)
    forEachGradient(
        arguments.count, arguments.parameters, arguments.gradientSum, batchSize: arguments.batchSize,
        arguments.adjustment
    ) { index, gradient in
        let decayed = parameters[index].addingProduct(-arguments.weightDecay, parameters[index])
        let difference = gradient - moment[index]
        let direction = moment[index].addingProduct(difference, 1 - arguments.beta1)
        let sign: Float = direction > 0 ? 1 : direction < 0 ? -1 : direction
        parameters[index] = decayed - arguments.learningRate * sign
        moment[index] = moment[index].addingProduct(difference, 1 - arguments.beta2)
    }
}
