package import Experiments
package import NeuralNetwork

/// The state that is equal on every worker and that a checkpoint has: parameters, optimizer slots, progress.
///
/// Arenas have the model's layout (`Model.parameters`); the padding between tensors stays zero.
package final class ReplicatedState {
    package let parameters: AlignedBuffer<Float>
    /// One arena for each of the optimizer's slots, in the order of its `slotNames`.
    package let slots: [AlignedBuffer<Float>]
    package var progress: TrainingProgress
    /// The slots' memory as an array of pointers for kernels.
    let slotPointers: UnsafePointer<UnsafeMutablePointer<Float>>

    /// The state before the first step: initial weights from the experiment's seed, slots zero.
    package init(model: Model, experiment: Experiment) {
        parameters = AlignedBuffer<Float>(count: model.arenaCount)
        slots = Optimizer(experiment.optimizer).slotNames.map { _ in AlignedBuffer<Float>(count: model.arenaCount) }
        slotPointers = Self.pointers(to: slots)
        progress = TrainingProgress()
        let initial = model.initialParameters(seed: experiment.seed)
        initial.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            parameters.pointer.update(from: base, count: initial.count)
        }
    }

    /// A state to be filled from a checkpoint.
    init(model: Model, slotCount: Int, progress: TrainingProgress) {
        parameters = AlignedBuffer<Float>(count: model.arenaCount)
        slots = (0..<slotCount).map { _ in AlignedBuffer<Float>(count: model.arenaCount) }
        slotPointers = Self.pointers(to: slots)
        self.progress = progress
    }

    deinit {
        slotPointers.deallocate()
    }

    private static func pointers(to slots: [AlignedBuffer<Float>]) -> UnsafePointer<UnsafeMutablePointer<Float>> {
        let pointers = UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>.allocate(capacity: max(1, slots.count))
        for (index, slot) in slots.enumerated() { pointers.initializeElement(at: index, to: slot.pointer) }
        guard let base = pointers.baseAddress else { preconditionFailure("memory for at least one pointer") }
        return UnsafePointer(base)
    }
}
