import Datasets

/// The order of the current epoch, made anew when the epoch changes.
struct EpochOrderCache {
    private let training: [Int32]
    private let seed: UInt64
    private var epoch: Int?
    private var order: [Int32] = []

    init(training: [Int32], seed: UInt64) {
        self.training = training
        self.seed = seed
    }

    /// The training indices in the order of an epoch (from 0).
    mutating func indices(ofEpoch wanted: Int) -> [Int32] {
        if epoch != wanted {
            order = EpochOrder.shuffle(training, seed: seed, epoch: wanted)
            epoch = wanted
        }
        return order
    }
}
