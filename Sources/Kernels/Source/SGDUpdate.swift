public import KernelInterface

/// `KernelTable.sgdUpdate`, with g as `GradientAdjustment`, each operation rounded to binary32 (fma rounds once):
///
///     no velocity:  p = fma(−learningRate, g, p)
///     Keras:        v = fma(momentum, v, −(learningRate · g))
///                   p = p + v, or with Nesterov p + fma(momentum, v, −(learningRate · g))
///     PyTorch:      v = fma(momentum, v, g)
///                   p = fma(−learningRate, u, p), where u is v, or with Nesterov fma(momentum, v, g)
public func sgdUpdate(_ arguments: SGDArguments) {
    let parameters = arguments.parameters
    let rate = arguments.learningRate
    let momentum = arguments.momentum
    let usesNesterov = arguments.usesNesterov
    guard let velocities = arguments.velocity else {
        forEachGradient(arguments) { index, gradient in
            parameters[index] = parameters[index].addingProduct(-rate, gradient)
        }
        return
    }
    switch arguments.convention {
    case .keras:
        forEachGradient(arguments) { index, gradient in
            let velocity = (-(rate * gradient)).addingProduct(momentum, velocities[index])
            velocities[index] = velocity
            let ahead = (-(rate * gradient)).addingProduct(momentum, velocity)
            parameters[index] += usesNesterov ? ahead : velocity
        }
    case .torch:
        forEachGradient(arguments) { index, gradient in
            let velocity = gradient.addingProduct(momentum, velocities[index])
            velocities[index] = velocity
            let ahead = gradient.addingProduct(momentum, velocity)
            parameters[index] = parameters[index].addingProduct(-rate, usesNesterov ? ahead : velocity)
        }
    }
}

@inline(__always)
private func forEachGradient(_ arguments: SGDArguments, _ update: (_ index: Int, _ gradient: Float) -> Void) {
    forEachGradient(
        arguments.count, arguments.parameters, arguments.gradientSum, batchSize: arguments.batchSize,
        arguments.adjustment, update)
}
