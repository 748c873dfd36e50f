import Glibc

@testable import NeuralNetwork

/// The whole training pass and loss in Double, layer by layer from the configuration: shares no code with the execution
/// units.
struct ReferenceNetwork {
    let model: Model
    /// The micro-batches of the batch, for ghost batch normalisation.
    var microBatches: [Range<Int>] = []

    /// The arena, and the next of the model's tensors.
    struct Cursor {
        let parameters: [Double]
        var next = 0
    }

    /// The values of all samples between two layers.
    struct Activations {
        var samples: [[Double]]
        var shape: TensorShape
    }

    /// The sum of the samples' losses.
    func loss(_ parameters: [Double], inputs: [Float], labels: [UInt8]) -> Double {
        sampleLosses(parameters, inputs: inputs, labels: labels).reduce(0, +)
    }

    func sampleLosses(_ parameters: [Double], inputs: [Float], labels: [UInt8]) -> [Double] {
        let width = model.inputElementCount
        let samples = labels.indices.map { inputs[$0 * width..<($0 + 1) * width].map(Double.init) }
        let logits = logits(parameters, samples)
        return labels.indices.map { loss(logits[$0], label: Int(labels[$0])) }
    }

    private func logits(_ parameters: [Double], _ inputs: [[Double]]) -> [[Double]] {
        var values = Activations(samples: inputs, shape: .image(model.configuration.inputShape))
        var cursor = Cursor(parameters: parameters)
        var layers = model.configuration.layers
        // What the last layer applies belongs to the loss.
        if layers.last?.layer is ActivationLayer { layers.removeLast() }
        for (index, layer) in layers.enumerated() {
            apply(layer, index: index, isLast: index == layers.count - 1, &values, &cursor)
        }
        return values.samples
    }

    private func apply(
        _ layer: LayerConfiguration, index: Int, isLast: Bool, _ values: inout Activations, _ cursor: inout Cursor
    ) {
        switch layer.layer {
        case let convolution as Convolution2D:
            let (weight, bias) = (tensor(&cursor), tensor(&cursor))
            values.map { Self.convolve(convolution, $0, $1, weight, bias) }
        case let pool as MaxPool2D: values.map { Self.pool(pool.window, $0, $1) { $0.max() ?? .nan } }
        case let pool as AveragePool2D:
            values.map { Self.pool(pool.window, $0, $1) { $0.reduce(0, +) / Double($0.count) } }
        case is GlobalAveragePool2D: values.map { Self.globalAverage($0, $1) }
        case is Flatten: values.map { _, sample in (sample, .flat(sample.count)) }
        case let dense as Dense:
            let (weight, bias) = (tensor(&cursor), tensor(&cursor))
            values.map { _, sample in
                let activation = isLast ? .linear : dense.activation
                let sums = Self.sums(dense, sample, weight, bias)
                return (Self.activate(sums, activation, channels: dense.units), .flat(dense.units))
            }
        case let dropout as Dropout: drop(rate: dropout.rate, layer: index, &values)
        case let normalization as BatchNormalization:
            normalize(normalization, &values, (0..<4).map { _ in tensor(&cursor) })
        case let activation as ActivationLayer:
            values.map { shape, sample in
                (Self.activate(sample, activation.activation, channels: shape.channelCount), shape)
            }
        case let resize as Resize: values.map { Self.resize(to: resize.size, $0, $1) }
        case let layer as RepeatChannels: values.map { Self.repeatChannels(layer.count, $0, $1) }
        case let padding as ZeroPad2D: values.map { Self.pad(padding, $0, $1) }
        case let normalization as LayerNormalization:
            let (scale, shift) = (tensor(&cursor), tensor(&cursor))
            values.map { shape, sample in (Self.normalize(normalization, sample, scale, shift), shape) }
        default: preconditionFailure("the reference has no layer \(layer)")
        }
    }

    private func tensor(_ cursor: inout Cursor) -> [Double] {
        defer { cursor.next += 1 }
        return Array(cursor.parameters[model.parameters[cursor.next].arenaRange])
    }

    private static func sums(
        _ dense: Dense, _ input: [Double], _ weight: [Double], _ bias: [Double]
    ) -> [Double] {
        (0..<dense.units).map { unit in
            input.indices.reduce(bias[unit]) { $0 + input[$1] * weight[$1 * dense.units + unit] }
        }
    }

    /// Each position over its channels.
    private static func normalize(
        _ layer: LayerNormalization, _ input: [Double], _ scale: [Double], _ shift: [Double]
    ) -> [Double] {
        stride(from: 0, to: input.count, by: scale.count).flatMap { begin in
            let row = input[begin..<begin + scale.count]
            let mean = row.reduce(0, +) / Double(row.count)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            let deviation = (variance + Double(layer.epsilon)).squareRoot()
            return row.enumerated().map { ($1 - mean) / deviation * scale[$0] + shift[$0] }
        }
    }

    /// Softmax runs over the channels of each position.
    static func activate(_ values: [Double], _ activation: Activation, channels: Int) -> [Double] {
        switch activation {
        case .linear: return values
        case .relu: return values.map { max($0, 0) }
        case .sigmoid: return values.map { 1 / (1 + exp(-$0)) }
        case .tanh: return values.map { tanh($0) }
        case .silu: return values.map { $0 / (1 + exp(-$0)) }
        case .leakyReLU(let slope): return values.map { $0 > 0 ? $0 : Double(slope) * $0 }
        case .gelu: return values.map { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 }
        case .softmax:
            let powers = values.map { exp($0) }
            return powers.indices.map { index in
                let begin = index / channels * channels
                return powers[index] / powers[begin..<begin + channels].reduce(0, +)
            }
        }
    }
}

extension ReferenceNetwork.Activations {
    /// Replaces every sample.
    mutating func map(_ layer: (TensorShape, [Double]) -> ([Double], TensorShape)) {
        var output = shape
        for index in samples.indices { (samples[index], output) = layer(shape, samples[index]) }
        shape = output
    }
}
