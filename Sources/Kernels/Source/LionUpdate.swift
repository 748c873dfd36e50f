public import KernelInterface

/// `KernelTable.lionUpdate`, with g after `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     p = fma(−weightDecay, p, p)
///     c = fma(g − m, 1 − beta1, m)
///     p = p − learningRate · sign c        sign ±0 = 0; NaN stays NaN
///     m = fma(g − m, 1 − beta2, m)
public func lionUpdate(_ arguments: LionArguments) {
    let arrays = OptimizerArrays(
        count: arguments.count, parameters: arguments.parameters, slotCount: 1, first: arguments.firstMoment,
        second: arguments.parameters,
        resultOffset: arguments.resultOffset, gradientSum: arguments.gradientSum, batchSize: arguments.batchSize,
        adjustment: arguments.adjustment)
    updateElements(arrays) { element, gradient in
        let decayed = element.parameter.addingProduct(-arguments.weightDecay, element.parameter)
        let difference = gradient - element.first
        let direction = element.first.addingProduct(difference, 1 - arguments.beta1)
        let sign: Float = direction > 0 ? 1 : direction < 0 ? -1 : direction
        element.parameter = decayed - arguments.learningRate * sign
        element.first = element.first.addingProduct(difference, 1 - arguments.beta2)
    }
}
