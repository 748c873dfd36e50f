public import KernelInterface

/// `KernelTable.sgdUpdate`, with g as `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     no velocity:  p = fma(−learningRate, g, p)
///     Keras:        v = fma(momentum, v, −(learningRate · g))
///                   p = p + v, or with Nesterov p + fma(momentum, v, −(learningRate · g))
///     PyTorch:      v = fma(momentum, v, g)
///                   p = fma(−learningRate, u, p), where u is v, or with Nesterov fma(momentum, v, g)
public func sgdUpdate(_ arguments: SGDArguments) {
    let (rate, momentum) = (arguments.learningRate, arguments.momentum)
    let usesNesterov = arguments.usesNesterov
    switch (arguments.convention, arguments.velocity) {
    case (_, .none):
        updateElements(arrays(arguments, slotCount: 0, arguments.parameters)) { element, gradient in
            element.parameter = element.parameter.addingProduct(-rate, gradient)
        }
    case (.keras, .some(let velocity)):
        updateElements(arrays(arguments, slotCount: 1, velocity)) { element, gradient in
            element.first = (-(rate * gradient)).addingProduct(momentum, element.first)
            let ahead = (-(rate * gradient)).addingProduct(momentum, element.first)
            element.parameter += usesNesterov ? ahead : element.first
        }
    case (.torch, .some(let velocity)):
        updateElements(arrays(arguments, slotCount: 1, velocity)) { element, gradient in
            element.first = gradient.addingProduct(momentum, element.first)
            let ahead = gradient.addingProduct(momentum, element.first)
            element.parameter = element.parameter.addingProduct(-rate, usesNesterov ? ahead : element.first)
        }
    }
}

@inline(always)
private func arrays(
    _ arguments: SGDArguments, slotCount: Int, _ velocity: UnsafeMutablePointer<Float>
) -> OptimizerArrays {
    OptimizerArrays(
        count: arguments.count, parameters: arguments.parameters, slotCount: slotCount, first: velocity,
        second: velocity, resultOffset: arguments.resultOffset, gradientSum: arguments.gradientSum,
        batchSize: arguments.batchSize, adjustment: arguments.adjustment)
}
