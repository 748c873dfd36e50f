internal import KernelInterface

/// The memory of a pass: what the caller sees, and each unit's output with its gradient.
final class PassBuffers: Sendable {
    let inputs: AlignedBuffer<Float>
    let labels: AlignedBuffer<UInt8>
    let losses: AlignedBuffer<Float>
    let correct: AlignedBuffer<UInt8>
    let predictions: AlignedBuffer<UInt8>
    let probabilities: AlignedBuffer<Float>
    let logits: AlignedBuffer<Float>
    /// By unit; the last unit's output is `logits`, so its entry is empty.
    private let outputs: [AlignedBuffer<Float>]
    private let outputGradients: [AlignedBuffer<Float>]

    init(_ model: Model, sampleCapacity: Int) {
        let units = model.plan.units
        inputs = AlignedBuffer(count: sampleCapacity * model.inputElementCount)
        labels = AlignedBuffer(count: sampleCapacity)
        losses = AlignedBuffer(count: sampleCapacity)
        correct = AlignedBuffer(count: sampleCapacity)
        predictions = AlignedBuffer(count: sampleCapacity)
        probabilities = AlignedBuffer(count: sampleCapacity * model.classCount)
        logits = AlignedBuffer(count: sampleCapacity * model.classCount)
        outputs = units.indices.map { index in
            AlignedBuffer(count: index == units.count - 1 ? 0 : sampleCapacity * units[index].outputCount)
        }
        outputGradients = units.map { AlignedBuffer(count: sampleCapacity * $0.outputCount) }
    }

    func makeUnits(_ model: Model, capacity: PassCapacity, kernels: KernelTable) -> [any ExecutionUnit] {
        model.plan.units.indices.map { index in
            let wiring = wiring(of: index, model)
            switch model.plan.units[index] {
            case .convolution(let plan) where plan.isPooled:
                return ConvolutionPooledUnit(plan, wiring: wiring, capacity: capacity, kernels: kernels)
            case .convolution(let plan):
                return ConvolutionUnit(plan, wiring: wiring, capacity: capacity, kernels: kernels)
            case .maxPool(let image):
                return MaxPoolUnit(image, wiring: wiring, sampleCapacity: capacity.sampleCount, kernels: kernels)
            case .dense(let plan) where index == model.plan.units.count - 1:
                return OutputUnit(plan, wiring: wiring, results: results, kernels: kernels)
            case .dense(let plan):
                return DenseUnit(plan, wiring: wiring, kernels: kernels)
            }
        }
    }

    private func wiring(of index: Int, _ model: Model) -> UnitWiring {
        let isFirst = index == 0
        let isLast = index == model.plan.units.count - 1
        return UnitWiring(
            input: isFirst ? inputs.pointer : outputs[index - 1].pointer,
            inputCount: isFirst ? model.inputElementCount : model.plan.units[index - 1].outputCount,
            readsNetworkInput: isFirst,
            output: isLast ? logits.pointer : outputs[index].pointer,
            outputCount: model.plan.units[index].outputCount, outputGradient: outputGradients[index].pointer,
            inputGradient: isFirst ? nil : outputGradients[index - 1].pointer)
    }

    private var results: OutputResults {
        OutputResults(
            labels: labels.pointer, logits: logits.pointer, probabilities: probabilities.pointer,
            losses: losses.pointer, predictions: predictions.pointer, correct: correct.pointer)
    }
}
