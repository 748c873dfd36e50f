public import KernelInterface

/// `KernelTable.adamUpdate`, in this order of operations, each rounded to binary32 (fma rounds once):
///
///     g = after GradientAdjustment
///     g = fma(gradientDecay, p, g)                                       (if gradientDecay is not 0)
///     p = fma(−weightDecay, p, p)                                        (if weightDecay is not 0)
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − (stepSize · m) / (√v · secondRootScale + epsilon)
public func adamUpdate(_ arguments: AdamArguments) {
    let arrays = OptimizerArrays(
        count: arguments.count, parameters: arguments.parameters, slotCount: 2, first: arguments.firstMoment,
        second: arguments.secondMoment, resultOffset: arguments.resultOffset, gradientSum: arguments.gradientSum,
        batchSize: arguments.batchSize, adjustment: arguments.adjustment)
    if arguments.weightDecay != 0 {
        updateElements(arrays) { element, gradient in
            element.parameter = element.parameter.addingProduct(-arguments.weightDecay, element.parameter)
            step(arguments, &element, gradient)
        }
    } else if arguments.gradientDecay != 0 {
        updateElements(arrays) { element, gradient in
            step(arguments, &element, gradient.addingProduct(arguments.gradientDecay, element.parameter))
        }
    } else {
        updateElements(arrays) { element, gradient in step(arguments, &element, gradient) }
    }
}

@inline(always)
private func step(_ arguments: AdamArguments, _ element: inout OptimizerElement, _ gradient: Float) {
    element.first = element.first.addingProduct(gradient - element.first, 1 - arguments.beta1)
    let change = (-element.second).addingProduct(gradient, gradient)
    element.second = element.second.addingProduct(change, 1 - arguments.beta2)
    element.parameter -=
        arguments.stepSize * element.first
        / (element.second.squareRoot() * arguments.secondRootScale + arguments.epsilon)
}
