internal import KernelInterface

extension Model {
    /// Floating-point operations that training takes for one sample: forward, and twice as much backward, except in the
    /// first layer that learns, whose input needs no gradient, and before it. Two for each multiply-add of convolutions and dense layers; the rest is not counted.
    package var trainingFLOPsPerSample: Int {
        plan.units.enumerated().reduce(0) { sum, unit in
            let passes = unit.offset < plan.firstTrainable ? 1 : unit.offset == plan.firstTrainable ? 2 : 3
            return sum + unit.element.forwardFLOPsPerSample * passes
        }
    }
}

extension UnitPlan {
    var forwardFLOPsPerSample: Int {
        switch self {
        case .convolution(let plan): 2 * plan.shape.outputCount * plan.shape.weightRowCount
        case .stridedConvolution(let plan): 2 * plan.positionCount * plan.patchCount * plan.filters
        case .dense(let plan): 2 * plan.inputCount * plan.outputCount
        default: 0
        }
    }
}
