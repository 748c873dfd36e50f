public import KernelInterface

/// `KernelTable.rmspropUpdate`, with g as `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     v = fma(g · g, 1 − rho, rho · v)
///     Keras:    u = (learningRate · g) / √(v + epsilon), and p = p − u,
///               or with momentum b = fma(momentum, b, u) and p = p − b
///     PyTorch:  u = g / (√v + epsilon), and p = fma(−learningRate, u, p),
///               or with momentum b = fma(momentum, b, u) and p = fma(−learningRate, b, p)
public func rmspropUpdate(_ arguments: RMSpropArguments) {
    let parameters = arguments.parameters
    let momentum = arguments.momentum
    switch (arguments.convention, arguments.velocity) {
    case (.keras, .none):
        forEachGradient(arguments) { index, gradient in
            parameters[index] -= kerasStep(arguments, index, gradient)
        }
    case (.keras, .some(let velocities)):
        forEachGradient(arguments) { index, gradient in
            let velocity = kerasStep(arguments, index, gradient).addingProduct(momentum, velocities[index])
            velocities[index] = velocity
            parameters[index] -= velocity
        }
    case (.torch, .none):
        forEachGradient(arguments) { index, gradient in
            let step = torchStep(arguments, index, gradient)
            parameters[index] = parameters[index].addingProduct(-arguments.learningRate, step)
        }
    case (.torch, .some(let velocities)):
        forEachGradient(arguments) { index, gradient in
            let velocity = torchStep(arguments, index, gradient).addingProduct(momentum, velocities[index])
            velocities[index] = velocity
            parameters[index] = parameters[index].addingProduct(-arguments.learningRate, velocity)
        }
    }
}

@inline(__always)
private func forEachGradient(_ arguments: RMSpropArguments, _ update: (_ index: Int, _ gradient: Float) -> Void) {
    forEachGradient(
        arguments.count, arguments.parameters, arguments.gradientSum, batchSize: arguments.batchSize,
        arguments.adjustment, update)
}

@inline(__always)
private func kerasStep(_ arguments: RMSpropArguments, _ index: Int, _ gradient: Float) -> Float {
    let second = movedMoment(arguments, index, gradient)
    return arguments.learningRate * gradient / (second + arguments.epsilon).squareRoot()
}

@inline(__always)
private func torchStep(_ arguments: RMSpropArguments, _ index: Int, _ gradient: Float) -> Float {
    gradient / (movedMoment(arguments, index, gradient).squareRoot() + arguments.epsilon)
}

/// The new v, which is stored too.
@inline(__always)
private func movedMoment(_ arguments: RMSpropArguments, _ index: Int, _ gradient: Float) -> Float {
    let kept = arguments.rho * arguments.secondMoment[index]
    let second = kept.addingProduct(gradient * gradient, 1 - arguments.rho)
    arguments.secondMoment[index] = second
    return second
}
