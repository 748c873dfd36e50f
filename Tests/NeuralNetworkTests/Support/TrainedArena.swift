import KernelInterface

@testable import NeuralNetwork

/// A model's arena and the slots of an optimizer, to be trained step by step.
struct TrainedArena {
    private let model: Model
    private let kernels: KernelTable
    private let update: ParameterUpdate
    private let parameters: AlignedBuffer<Float>
    private let slots: [AlignedBuffer<Float>]

    init(_ run: TestRun, _ optimizer: OptimizerConfiguration, start: [Float]) {
        (model, kernels) = (run.model, run.kernels)
        let optimizer = Optimizer(optimizer)
        update = ParameterUpdate(run.model, optimizer: optimizer)
        parameters = AlignedBuffer(count: start.count)
        for index in start.indices { parameters.pointer[index] = start[index] }
        slots = optimizer.slotNames.map { _ in AlignedBuffer(count: start.count) }
    }

    var values: [Float] { Array(UnsafeBufferPointer(start: parameters.pointer, count: parameters.count)) }

    func values(of parameter: ParameterDescription) -> [Float] { Array(values[parameter.arenaRange]) }

    /// The penalties of all tensors.
    var penalty: Double { update.penalty(kernels: kernels, parameters: parameters.pointer) }

    /// One step with the sum of the gradients over `batchSize` samples.
    func train(gradientSum: [Float], batchSize: Int, number: Int, learningRate: Float) {
        gradientSum.withUnsafeBufferPointer { gradient in
            guard let gradient = gradient.baseAddress else { return }
            let clipFactor = update.clipFactor(
                kernels: kernels, parameters: parameters.pointer, gradientSum: gradient, batchSize: batchSize)
            let step = Optimizer.Step(
                number: number, batchSize: batchSize, learningRate: learningRate, clipFactor: clipFactor)
            // One slot more than is used, so that there is memory to point to.
            let pointers = slots.map(\.pointer) + [parameters.pointer]
            pointers.withUnsafeBufferPointer { pointers in
                guard let pointers = pointers.baseAddress else { return }
                update.apply(
                    part: 0..<model.arenaCount, kernels: kernels, parameters: parameters.pointer, slots: pointers,
                    gradientSum: gradient, step: step)
            }
        }
    }
}
