internal import KernelInterface

extension SGDConfiguration {
    func arguments(_ place: ArenaPlace, velocity: UnsafeMutablePointer<Float>?, _ step: Optimizer.Step) -> SGDArguments
    {
        SGDArguments(
            count: place.count, parameters: place.parameters, velocity: velocity, gradientSum: place.gradientSum,
            batchSize: place.batchSize, learningRate: step.learningRate, momentum: momentum, usesNesterov: isNesterov,
            convention: convention.kernel, adjustment: place.adjustment)
    }
}

extension AdamConfiguration {
    func arguments(
        _ place: ArenaPlace, firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
        _ step: Optimizer.Step
    ) -> AdamArguments {
        let firstCorrection = 1 - power(Double(beta1), step.number)
        let secondCorrection = (1 - power(Double(beta2), step.number)).squareRoot()
        let rate = Double(step.learningRate)
        return AdamArguments(
            count: place.count, parameters: place.parameters, firstMoment: firstMoment, secondMoment: secondMoment,
            gradientSum: place.gradientSum, batchSize: place.batchSize,
            stepSize: Float((convention == .keras ? rate * secondCorrection : rate) / firstCorrection), beta1: beta1,
            beta2: beta2, epsilon: epsilon,
            secondRootScale: convention == .keras ? 1 : Float(1 / secondCorrection),
            weightDecay: step.learningRate * weightDecay, adjustment: place.adjustment)
    }
}

extension RMSpropConfiguration {
    func arguments(
        _ place: ArenaPlace, secondMoment: UnsafeMutablePointer<Float>, velocity: UnsafeMutablePointer<Float>?,
        _ step: Optimizer.Step
    ) -> RMSpropArguments {
        RMSpropArguments(
            count: place.count, parameters: place.parameters, secondMoment: secondMoment, velocity: velocity,
            gradientSum: place.gradientSum, batchSize: place.batchSize, learningRate: step.learningRate, rho: rho,
            epsilon: epsilon, momentum: momentum, convention: convention.kernel, adjustment: place.adjustment)
    }
}

extension OptimizerConvention {
    fileprivate var kernel: KernelInterface.OptimizerConvention {
        switch self {
        case .keras: .keras
        case .torch: .torch
        }
    }
}
