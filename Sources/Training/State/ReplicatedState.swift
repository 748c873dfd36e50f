package import Experiments
package import NeuralNetwork

/// The state that is equal on every worker and that a checkpoint has: parameters, optimizer slots, progress.
///
/// Arenas have the model's layout (`Model.parameters`); the padding between tensors stays zero. They are in this
/// worker's own memory, or, while workers of a host share their updates, in memory that these write together.
package final class ReplicatedState {
    package private(set) var arenas: StateArenas
    package var progress: TrainingProgress
    private let own: StateArenas

    /// The state before the first step: initial weights from the experiment's seed, slots zero.
    package init(model: Model, experiment: Experiment) {
        own = StateArenas(
            count: model.arenaCount, slotCount: Optimizer(experiment.optimizer).slotNames.count)
        arenas = own
        progress = TrainingProgress()
        let initial = model.initialParameters(seed: experiment.seed)
        initial.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            parameters.pointer.update(from: base, count: initial.count)
        }
    }

    /// A state to be filled from a checkpoint.
    init(model: Model, slotCount: Int, progress: TrainingProgress) {
        own = StateArenas(count: model.arenaCount, slotCount: slotCount)
        arenas = own
        self.progress = progress
    }

    package var parameters: StateArenas.Arena { arenas.parameters }

    /// One arena for each of the optimizer's slots, in the order of its `slotNames`.
    package var slots: [StateArenas.Arena] { arenas.slots }

    /// From now on the state is what these arenas have.
    func use(_ arenas: StateArenas) {
        self.arenas = arenas
    }

    /// Takes the state back into this worker's own memory, before other workers may write where it was.
    package func takeBack() {
        guard arenas !== own else { return }
        own.copy(0..<own.parameters.count, from: arenas)
        arenas = own
    }
}
