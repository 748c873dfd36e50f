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
            let isElsewhere = index == units.count - 1 || units[index].isInPlace
            return AlignedBuffer(count: isElsewhere ? 0 : sampleCapacity * units[index].outputCount)
        }
        outputGradients = units.indices.map { index in
            // The output unit always writes the gradient of its logits, also when no layer is trainable.
            let isUnused = index < model.plan.firstTrainable && index != units.count - 1
            let isElsewhere = isUnused || units[index].isInPlace
            return AlignedBuffer(count: isElsewhere ? 0 : sampleCapacity * units[index].outputCount)
        }
    }

    func makeUnits(_ model: Model, capacity: PassCapacity, kernels: KernelTable, seed: UInt64) -> [any ExecutionUnit] {
        model.plan.units.indices.map { index in
            let wiring = wiring(of: index, model)
            switch model.plan.units[index] {
            case .convolution(let plan) where plan.isPooled:
                return ConvolutionPooledUnit(plan, wiring: wiring, capacity: capacity, kernels: kernels)
            case .convolution(let plan):
                return ConvolutionUnit(plan, wiring: wiring, capacity: capacity, kernels: kernels)
            case .stridedConvolution(let plan):
                return StridedConvolutionUnit(plan, wiring: wiring, capacity: capacity, kernels: kernels)
            case .maxPool(let image):
                return MaxPoolUnit(image, wiring: wiring, sampleCapacity: capacity.sampleCount, kernels: kernels)
            case .pool(let plan) where plan.kind == .maximum:
                return GeneralMaxPoolUnit(plan, wiring: wiring, sampleCapacity: capacity.sampleCount)
            case .pool(let plan):
                return AveragePoolUnit(plan, wiring: wiring)
            case .dense(let plan) where index == model.plan.units.count - 1:
                return OutputUnit(plan, loss: model.loss, wiring: wiring, results: results, kernels: kernels)
            case .dense(let plan):
                return DenseUnit(plan, wiring: wiring, kernels: kernels)
            case .dropout(let plan):
                return DropoutUnit(plan, wiring: wiring, seed: seed, kernels: kernels)
            case .batchNormalization(let plan):
                return BatchNormalizationUnit(
                    plan, wiring: wiring, threadCount: capacity.threadCount, kernels: kernels)
            case .activation(let plan):
                return ActivationUnit(plan, wiring: wiring, kernels: kernels)
            case .resize(let plan):
                return ResizeUnit(plan, wiring: wiring)
            case .repeatChannels(let plan):
                return RepeatChannelsUnit(plan, wiring: wiring)
            }
        }
    }

    private func wiring(of index: Int, _ model: Model) -> UnitWiring {
        let units = model.plan.units
        let isFirst = index == 0
        return UnitWiring(
            input: isFirst ? inputs.pointer : output(of: index - 1, units),
            inputCount: isFirst ? model.inputElementCount : units[index - 1].outputCount,
            readsNetworkInput: isFirst, output: output(of: index, units), outputCount: units[index].outputCount,
            outputGradient: outputGradient(of: index, units),
            inputGradient: index <= model.plan.firstTrainable ? nil : outputGradient(of: index - 1, units))
    }

    private func output(of index: Int, _ units: [UnitPlan]) -> UnsafeMutablePointer<Float> {
        if index == units.count - 1 { return logits.pointer }
        return outputs[units[index].isInPlace ? index - 1 : index].pointer
    }

    private func outputGradient(of index: Int, _ units: [UnitPlan]) -> UnsafeMutablePointer<Float> {
        outputGradients[units[index].isInPlace ? index - 1 : index].pointer
    }

    private var results: OutputResults {
        OutputResults(
            labels: labels.pointer, logits: logits.pointer, probabilities: probabilities.pointer,
            losses: losses.pointer, predictions: predictions.pointer, correct: correct.pointer)
    }
}
