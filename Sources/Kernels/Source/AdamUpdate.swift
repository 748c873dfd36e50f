public import KernelInterface

/// `KernelTable.adamUpdate`, in this order of operations, each rounded to binary32 (fma rounds once):
///
///     g = gradientSum / batchSize
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − (stepSize · m) / (√v + epsilon)
///
/// The loop is written for one value and vectorized by the compiler.
public func adamUpdate(_ arguments: AdamArguments) {
    let parameters = arguments.parameters
    let firstMoment = arguments.firstMoment
    let secondMoment = arguments.secondMoment
    let gradientSum = arguments.gradientSum
    let firstRate = 1 - arguments.beta1
    let secondRate = 1 - arguments.beta2
    var index = 0
    while index < arguments.count {
        let gradient = gradientSum[index] / arguments.batchSize
        let first = firstMoment[index].addingProduct(gradient - firstMoment[index], firstRate)
        let change = (-secondMoment[index]).addingProduct(gradient, gradient)
        let second = secondMoment[index].addingProduct(change, secondRate)
        firstMoment[index] = first
        secondMoment[index] = second
        parameters[index] -= arguments.stepSize * first / (second.squareRoot() + arguments.epsilon)
        index &+= 1
    }
}
