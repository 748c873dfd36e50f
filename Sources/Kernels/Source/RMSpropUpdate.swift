public import KernelInterface

/// `KernelTable.rmspropUpdate`, with g as `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     v = fma(g · g, 1 − rho, rho · v)
///     Keras:    u = (learningRate · g) / √(v + epsilon), and p = p − u,
///               or with momentum b = fma(momentum, b, u) and p = p − b
///     PyTorch:  u = g / (√v + epsilon), and p = fma(−learningRate, u, p),
///               or with momentum b = fma(momentum, b, u) and p = fma(−learningRate, b, p)
public func rmspropUpdate(_ arguments: RMSpropArguments) {
    let (rate, momentum) = (arguments.learningRate, arguments.momentum)
    switch (arguments.convention, arguments.velocity) {
    case (.keras, .none):
        updateElements(arrays(arguments, slotCount: 1, arguments.parameters)) { element, gradient in
            element.parameter -= kerasStep(arguments, &element, gradient)
        }
    case (.keras, .some(let velocity)):
        updateElements(arrays(arguments, slotCount: 2, velocity)) { element, gradient in
            element.second = kerasStep(arguments, &element, gradient).addingProduct(momentum, element.second)
            element.parameter -= element.second
        }
    case (.torch, .none):
        updateElements(arrays(arguments, slotCount: 1, arguments.parameters)) { element, gradient in
            let step = torchStep(arguments, &element, gradient)
            element.parameter = element.parameter.addingProduct(-rate, step)
        }
    case (.torch, .some(let velocity)):
        updateElements(arrays(arguments, slotCount: 2, velocity)) { element, gradient in
            element.second = torchStep(arguments, &element, gradient).addingProduct(momentum, element.second)
            element.parameter = element.parameter.addingProduct(-rate, element.second)
        }
    }
}

@inline(always)
private func arrays(
    _ arguments: RMSpropArguments, slotCount: Int, _ velocity: UnsafeMutablePointer<Float>
) -> OptimizerArrays {
    OptimizerArrays(
        count: arguments.count, parameters: arguments.parameters, slotCount: slotCount, first: arguments.secondMoment,
        second: velocity, resultOffset: arguments.resultOffset, gradientSum: arguments.gradientSum,
        batchSize: arguments.batchSize, adjustment: arguments.adjustment)
}

@inline(always)
private func kerasStep(_ arguments: RMSpropArguments, _ element: inout OptimizerElement, _ gradient: Float) -> Float {
    moveMoment(arguments, &element, gradient)
    return arguments.learningRate * gradient / (element.first + arguments.epsilon).squareRoot()
}

@inline(always)
private func torchStep(_ arguments: RMSpropArguments, _ element: inout OptimizerElement, _ gradient: Float) -> Float {
    moveMoment(arguments, &element, gradient)
    return gradient / (element.first.squareRoot() + arguments.epsilon)
}

/// v is the element's first slot.
@inline(always)
private func moveMoment(_ arguments: RMSpropArguments, _ element: inout OptimizerElement, _ gradient: Float) {
    element.first = (arguments.rho * element.first).addingProduct(gradient * gradient, 1 - arguments.rho)
}
