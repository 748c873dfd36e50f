import Glibc

@testable import NeuralNetwork

/// The whole forward pass and loss in Double, layer by layer from the configuration: shares no code with the execution
/// units.
struct ReferenceNetwork {
    let model: Model

    /// The sum of the samples' losses.
    func loss(_ parameters: [Double], inputs: [Float], labels: [UInt8]) -> Double {
        sampleLosses(parameters, inputs: inputs, labels: labels).reduce(0, +)
    }

    func sampleLosses(_ parameters: [Double], inputs: [Float], labels: [UInt8]) -> [Double] {
        let width = model.inputElementCount
        return labels.indices.map { sample in
            let input = inputs[sample * width..<(sample + 1) * width].map(Double.init)
            return loss(logits(parameters, input), label: Int(labels[sample]))
        }
    }

    func logits(_ parameters: [Double], _ input: [Double]) -> [Double] {
        var values = input
        var shape = TensorShape.image(model.configuration.inputShape)
        var next = 0
        for layer in model.configuration.layers {
            switch (layer, shape) {
            case (.convolution2D(let configuration), .image(let image)):
                let (weight, bias) = tensors(parameters, &next)
                (values, shape) = convolution(configuration, image, values, weight, bias)
            case (.maxPool2D, .image(let image)):
                (values, shape) = maxPool(image, values)
            case (.flatten, _):
                shape = .flat(values.count)
            case (.dense(let configuration), _):
                let (weight, bias) = tensors(parameters, &next)
                values = dense(configuration, values, weight, bias)
                shape = .flat(values.count)
            default:
                preconditionFailure("the model was not checked")
            }
        }
        return values
    }

    private func tensors(_ parameters: [Double], _ next: inout Int) -> ([Double], [Double]) {
        let (weight, bias) = (model.parameters[next], model.parameters[next + 1])
        next += 2
        return (Array(parameters[weight.arenaRange]), Array(parameters[bias.arenaRange]))
    }

    private func loss(_ logits: [Double], label: Int) -> Double {
        guard case .dense(let last) = model.configuration.layers.last else { return .nan }
        if last.activation == .softmax {
            let sum = logits.reduce(0) { $0 + exp($1) }
            return log(sum) - logits[label]
        }
        let clipped = logits.map { min(max(1 / (1 + exp(-$0)), 1e-7), 1 - 1e-7) }
        return -log(clipped[label] / clipped.reduce(0, +))
    }

    private func activate(_ value: Double, _ activation: Activation) -> Double {
        activation == .relu ? max(value, 0) : value
    }

    private func dense(
        _ configuration: DenseConfiguration, _ input: [Double], _ weight: [Double], _ bias: [Double]
    ) -> [Double] {
        (0..<configuration.units).map { unit in
            var sum = bias[unit]
            for index in input.indices { sum += input[index] * weight[index * configuration.units + unit] }
            return activate(sum, configuration.activation)
        }
    }

    private func maxPool(_ image: ImageShape, _ input: [Double]) -> ([Double], TensorShape) {
        let (height, width, channels) = (image.height / 2, image.width / 2, image.channels)
        var output: [Double] = []
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<channels {
                    let at = { (dy: Int, dx: Int) in
                        input[((2 * y + dy) * image.width + 2 * x + dx) * channels + channel]
                    }
                    output.append(max(max(at(0, 0), at(0, 1)), max(at(1, 0), at(1, 1))))
                }
            }
        }
        return (output, .image(ImageShape(height: height, width: width, channels: channels)))
    }

    private func convolution(
        _ configuration: Convolution2DConfiguration, _ image: ImageShape, _ input: [Double], _ weight: [Double],
        _ bias: [Double]
    ) -> ([Double], TensorShape) {
        let (kernelHeight, kernelWidth) = (configuration.kernelHeight, configuration.kernelWidth)
        let isSame = configuration.padding == .same
        let (top, left) = isSame ? ((kernelHeight - 1) / 2, (kernelWidth - 1) / 2) : (0, 0)
        let height = isSame ? image.height : image.height - kernelHeight + 1
        let width = isSame ? image.width : image.width - kernelWidth + 1
        let filters = configuration.filters
        var output: [Double] = []
        for y in 0..<height {
            for x in 0..<width {
                for filter in 0..<filters {
                    var sum = bias[filter]
                    for ky in 0..<kernelHeight {
                        for kx in 0..<kernelWidth {
                            let (row, column) = (y + ky - top, x + kx - left)
                            guard (0..<image.height).contains(row), (0..<image.width).contains(column) else { continue }
                            for channel in 0..<image.channels {
                                sum +=
                                    input[(row * image.width + column) * image.channels + channel]
                                    * weight[((ky * kernelWidth + kx) * image.channels + channel) * filters + filter]
                            }
                        }
                    }
                    output.append(activate(sum, configuration.activation))
                }
            }
        }
        return (output, .image(ImageShape(height: height, width: width, channels: filters)))
    }
}
