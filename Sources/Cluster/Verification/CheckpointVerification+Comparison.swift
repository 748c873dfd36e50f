import Runs
import Training

extension CheckpointVerification {
    /// Compares a file with the bytes that the replay would save. The texts of the experiments may differ in the number of epochs.
    init(name: String, completedSteps: Int, file: Safetensors, replayed: Safetensors) throws {
        self.name = name
        self.completedSteps = completedSteps
        tensorCount = replayed.tensors.count
        differentTensors = replayed.tensors.compactMap { Self.difference($0, replayed, file) }
        hasEqualProgress = try ReplicatedState.progress(in: file) == ReplicatedState.progress(in: replayed)
    }

    /// How a tensor differs from the file's of its name; a missing one differs in every element.
    private static func difference(
        _ tensor: Safetensors.Tensor, _ replayed: Safetensors, _ file: Safetensors
    ) -> TensorDifference? {
        let width = max(1, tensor.byteRange.count / max(1, tensor.shape.reduce(1, *)))
        let count = tensor.byteRange.count / width
        guard let other = file.tensor(named: tensor.name), other.elementType == tensor.elementType,
            other.shape == tensor.shape
        else {
            return TensorDifference(name: tensor.name, firstElement: 0, elementCount: count, differentCount: count)
        }
        let different = replayed.withBytes(of: tensor) { left in
            file.withBytes(of: other) { right in
                (0..<count).filter { element in
                    (element * width..<element * width + width).contains { left[$0] != right[$0] }
                }
            }
        }
        return different.first.map {
            TensorDifference(
                name: tensor.name, firstElement: $0, elementCount: count, differentCount: different.count)
        }
    }
}
