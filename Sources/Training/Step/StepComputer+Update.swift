import KernelInterface
import NeuralNetwork

extension StepComputer {
    /// Whether every float of the summed gradient is finite.
    func isFinite(_ gradientSum: UnsafePointer<Float>) -> Bool {
        kernels.allFinite(model.arenaCount, gradientSum)
    }

    /// Applies the optimizer to the whole arena, threads sharing it in 16-float pieces; elementwise, so the cut changes no bit.
    func update(
        _ state: ReplicatedState, optimizer: Optimizer, gradientSum: UnsafePointer<Float>, batchSize: Int, step: Int
    ) {
        let lineCount = (model.arenaCount + 15) / 16
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: state.slots.count) { slots in
            for (index, slot) in state.slots.enumerated() { slots.initializeElement(at: index, to: slot.floats) }
            guard let slotPointers = slots.baseAddress else { return }
            threads.run { thread in
                let begin = thread * lineCount / threads.count * 16
                let end = min((thread + 1) * lineCount / threads.count * 16, model.arenaCount)
                optimizer.update(
                    kernels: kernels, range: begin..<end, parameters: state.parameters.floats,
                    slots: UnsafePointer(slotPointers), gradientSum: gradientSum, batchSize: batchSize, step: step)
            }
        }
    }
}
