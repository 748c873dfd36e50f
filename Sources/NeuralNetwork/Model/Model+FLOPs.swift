internal import KernelInterface

extension Model {
    /// Floating-point operations that training takes for one sample: forward, and twice as much backward, except in the first layer,
    /// whose input needs no gradient. Two for each multiply-add of convolutions and dense layers; the rest is not counted.
    public var trainingFLOPsPerSample: Int {
        plan.units.enumerated().reduce(0) { sum, unit in
            sum + unit.element.forwardFLOPsPerSample * (unit.offset == 0 ? 2 : 3)
        }
    }
}

extension UnitPlan {
    var forwardFLOPsPerSample: Int {
        switch self {
        case .convolution(let plan): 2 * plan.shape.outputCount * plan.shape.weightRowCount
        case .maxPool: 0
        case .dense(let plan): 2 * plan.inputCount * plan.outputCount
        }
    }
}
