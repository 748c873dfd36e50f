public import KernelInterface

/// `KernelTable.nadamUpdate`, with g after `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − fma(gradientScale, g, momentumScale · m) / (√v · secondRootScale + epsilon)
public func nadamUpdate(_ arguments: NadamArguments) {
    let arrays = OptimizerArrays(
        count: arguments.count, parameters: arguments.parameters, slotCount: 2, first: arguments.firstMoment,
        second: arguments.secondMoment, resultOffset: arguments.resultOffset, gradientSum: arguments.gradientSum,
        batchSize: arguments.batchSize, adjustment: arguments.adjustment)
    updateElements(arrays) { element, gradient in
        element.first = element.first.addingProduct(gradient - element.first, 1 - arguments.beta1)
        let change = (-element.second).addingProduct(gradient, gradient)
        element.second = element.second.addingProduct(change, 1 - arguments.beta2)
        let step = (arguments.momentumScale * element.first).addingProduct(arguments.gradientScale, gradient)
        element.parameter -= step / (element.second.squareRoot() * arguments.secondRootScale + arguments.epsilon)
    }
}
