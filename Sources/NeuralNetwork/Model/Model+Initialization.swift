internal import Core

extension Model {
    /// The arena at the start of training: weights Glorot uniform, scales and variances one, all else zero.
    ///
    /// Glorot & Bengio 2010, equation 16, with Keras's fans: w = (2u − 1)·√(6 / (fanIn + fanOut)), u uniform in [0, 1);
    /// for a convolution fanIn = kernelHeight·kernelWidth·inputChannels and fanOut =
    /// kernelHeight·kernelWidth·outputChannels. The draws are keyed by the seed and the layer's number among those with
    /// parameters; element i of the stream is element i of the tensor's internal layout.
    package func initialParameters(seed: UInt64) -> [Float] {
        var arena = [Float](repeating: 0, count: arenaCount)
        var layer: UInt16 = 0
        for parameter in parameters {
            guard case .vector(let start, _) = parameter.layout else { continue }
            for element in parameter.arenaRange { arena[element] = start }
        }
        for parameter in parameters where !parameter.layout.isVector {
            let shape = parameter.internalShape
            let (inputs, outputs) = (shape[shape.count - 2], shape[shape.count - 1])
            let receptiveField = shape.dropLast(2).reduce(1, *)
            let fans = receptiveField * (inputs + outputs)
            let limit = Float((6 / Double(fans)).squareRoot())
            let stream = RandomStream(seed: seed, purpose: .initialWeights, layer: layer)
            for element in 0..<parameter.count {
                let uniform = stream.uniform(position: 0, element: UInt32(element))
                arena[parameter.arenaOffset + element] = (uniform * 2 - 1) * limit
            }
            layer += 1
        }
        return arena
    }
}
