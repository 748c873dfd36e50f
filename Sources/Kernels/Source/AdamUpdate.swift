public import KernelInterface

/// `KernelTable.adamUpdate`, in this order of operations, each rounded to binary32 (fma rounds once):
///
///     g = gradientSum / batchSize
///     m = fma(g − m, 1 − beta1, m)
///     v = fma(fma(g, g, −v), 1 − beta2, v)
///     p = p − (stepSize · m) / (√v + epsilon)
public func adamUpdate(_ arguments: AdamArguments) {
    let update = AdamVectors(arguments)
    var index = 0
    while index &+ laneCount <= arguments.count {
        var parameters = loadVector(arguments.parameters + index)
        var first = loadVector(arguments.firstMoment + index)
        var second = loadVector(arguments.secondMoment + index)
        update.apply(loadVector(arguments.gradientSum + index), &parameters, &first, &second)
        storeVector(parameters, arguments.parameters + index)
        storeVector(first, arguments.firstMoment + index)
        storeVector(second, arguments.secondMoment + index)
        index &+= laneCount
    }
    let rest = arguments.count &- index
    if rest > 0 {
        var parameters = loadVector(arguments.parameters + index, count: rest)
        var first = loadVector(arguments.firstMoment + index, count: rest)
        var second = loadVector(arguments.secondMoment + index, count: rest)
        update.apply(loadVector(arguments.gradientSum + index, count: rest), &parameters, &first, &second)
        storeVector(parameters, arguments.parameters + index, count: rest)
        storeVector(first, arguments.firstMoment + index, count: rest)
        storeVector(second, arguments.secondMoment + index, count: rest)
    }
}

/// The constants of an update in every lane.
private struct AdamVectors {
    let batchSize: Vector
    let stepSize: Vector
    let firstRate: Vector
    let secondRate: Vector
    let epsilon: Vector

    @inline(__always)
    init(_ arguments: AdamArguments) {
        batchSize = broadcast(arguments.batchSize)
        stepSize = broadcast(arguments.stepSize)
        firstRate = broadcast(1 - arguments.beta1)
        secondRate = broadcast(1 - arguments.beta2)
        epsilon = broadcast(arguments.epsilon)
    }

    @inline(__always)
    func apply(_ gradientSum: Vector, _ parameters: inout Vector, _ first: inout Vector, _ second: inout Vector) {
        let gradient = gradientSum / batchSize
        first = first.addingProduct(difference(gradient, first), firstRate)
        second = second.addingProduct(negated(second).addingProduct(gradient, gradient), secondRate)
        let change = product(stepSize, first) / sum(second.squareRoot(), epsilon)
        parameters = difference(parameters, change)
    }
}
