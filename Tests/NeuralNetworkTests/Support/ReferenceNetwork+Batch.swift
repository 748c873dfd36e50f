import Core

@testable import NeuralNetwork

extension ReferenceNetwork {
    /// The seed of a pass that is given none, and the step of `TestRun`.
    private static let stream = (seed: UInt64(1), step: UInt32(3))

    /// Each element is kept if its 16 bits are at least the rate's share of 2¹⁶.
    func drop(rate: Float, layer: Int, _ values: inout Activations) {
        let stream = RandomStream(
            seed: Self.stream.seed, purpose: .dropout, layer: UInt16(layer), step: Self.stream.step)
        let threshold = UInt32((rate * 65536).rounded())
        for position in values.samples.indices {
            for element in values.samples[position].indices {
                let word = stream.block(position: UInt32(position), index: UInt32(element / 8))[element % 8 / 2]
                let draw = element % 2 == 0 ? word & 0xFFFF : word >> 16
                values.samples[position][element] *= draw >= threshold ? Double(1 / (1 - rate)) : 0
            }
        }
    }

    /// `tensors` are scale, shift, and the running mean and variance.
    func normalize(
        _ layer: BatchNormalization, _ values: inout Activations, _ tensors: [[Double]]
    ) {
        let groups = layer.isGhost ? microBatches : [values.samples.indices]
        for group in layer.isTrainable ? groups : [values.samples.indices] {
            for channel in tensors[0].indices {
                let places = stride(from: channel, to: values.samples[0].count, by: tensors[0].count)
                var (mean, variance) = (tensors[2][channel], tensors[3][channel])
                if layer.isTrainable {
                    let all = group.flatMap { sample in places.map { values.samples[sample][$0] } }
                    mean = all.reduce(0, +) / Double(all.count)
                    variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count)
                }
                let scale = tensors[0][channel] / (variance + Double(layer.epsilon)).squareRoot()
                for sample in group {
                    for place in places {
                        values.samples[sample][place] =
                            (values.samples[sample][place] - mean) * scale + tensors[1][channel]
                    }
                }
            }
        }
    }
}
