/// Where each tensor lies in the flat arena: in layer order, weight before bias, each at a multiple of 16 floats.
struct ParameterLayout {
    /// Floats to which tensors are aligned: 64 bytes, one cache line and one AVX-512 vector.
    static let alignment = 16

    private(set) var parameters: [ParameterDescription] = []
    private(set) var arenaCount = 0
    /// By layer index: the indexes of its tensors in `parameters`.
    private(set) var layerParameters: [Int: [Int]] = [:]

    init(_ configuration: ModelConfiguration, shapes: [TensorShape]) {
        var input = TensorShape.image(configuration.inputShape)
        var flattened: ImageShape?
        var names = LayerNames()
        for (index, layer) in configuration.layers.enumerated() {
            let name = names.next(layer) ?? ""
            switch layer {
            case .convolution2D(let convolution):
                appendConvolution(convolution, input: input, name: name, layer: index)
            case .dense(let dense):
                appendDense(dense, input: input, image: flattened, name: name, layer: index)
                flattened = nil
            case .batchNormalization(let normalization):
                appendNormalization(
                    normalization, input: input, image: flattened, name: name, layer: index)
            case .flatten:
                if case .image(let image) = input { flattened = image }
            case .globalAveragePool2D, .pool2D, .dropout, .activation, .resize, .repeatChannels:
                break
            }
            input = shapes[index]
        }
    }

    private mutating func appendConvolution(
        _ convolution: Convolution2DConfiguration, input: TensorShape, name: String, layer: Int
    ) {
        guard case .image(let image) = input else { preconditionFailure("shapes were not checked") }
        let (height, width) = (convolution.kernelHeight, convolution.kernelWidth)
        let role = role(convolution.isTrainable)
        append(
            "\(name).weight", layer: layer, internalShape: [height, width, image.channels, convolution.filters],
            torchShape: [convolution.filters, image.channels, height, width], layout: .convolutionWeight, role: role,
            convolution.regularization)
        append(
            "\(name).bias", layer: layer, vectorCount: convolution.filters, layout: .vector(start: 0, image: nil),
            role: role)
    }

    private mutating func appendDense(
        _ dense: DenseConfiguration, input: TensorShape, image: ImageShape?, name: String, layer: Int
    ) {
        let role = role(dense.isTrainable)
        append(
            "\(name).weight", layer: layer, internalShape: [input.elementCount, dense.units],
            torchShape: [dense.units, input.elementCount], layout: .denseWeight(image: image), role: role,
            dense.regularization)
        append(
            "\(name).bias", layer: layer, vectorCount: dense.units, layout: .vector(start: 0, image: nil), role: role)
    }

    private mutating func appendNormalization(
        _ normalization: BatchNormalizationConfiguration, input: TensorShape, image: ImageShape?, name: String,
        layer: Int
    ) {
        let count = input.channelCount
        let isTrainable = normalization.isTrainable
        let running = isTrainable ? .runningMean(momentum: normalization.momentum) : ParameterDescription.Role.frozen
        let zeros = ParameterDescription.Layout.vector(start: 0, image: image)
        let ones = ParameterDescription.Layout.vector(start: 1, image: image)
        append("\(name).weight", layer: layer, vectorCount: count, layout: ones, role: role(isTrainable))
        append("\(name).bias", layer: layer, vectorCount: count, layout: zeros, role: role(isTrainable))
        append("\(name).running_mean", layer: layer, vectorCount: count, layout: zeros, role: running)
        append("\(name).running_var", layer: layer, vectorCount: count, layout: ones, role: running)
    }

    private func role(_ isTrainable: Bool) -> ParameterDescription.Role { isTrainable ? .trainable : .frozen }

    private mutating func append(
        _ name: String, layer: Int, vectorCount: Int, layout: ParameterDescription.Layout,
        role: ParameterDescription.Role
    ) {
        append(
            name, layer: layer, internalShape: [vectorCount], torchShape: [vectorCount], layout: layout, role: role,
            .none)
    }

    private mutating func append(
        _ name: String, layer: Int, internalShape: [Int], torchShape: [Int], layout: ParameterDescription.Layout,
        role: ParameterDescription.Role, _ regularization: Regularization
    ) {
        let count = internalShape.reduce(1, *)
        layerParameters[layer, default: []].append(parameters.count)
        parameters.append(
            ParameterDescription(
                name: name, arenaOffset: arenaCount, count: count, internalShape: internalShape,
                torchShape: torchShape, role: role, layerIndex: layer, layout: layout,
                regularization: regularization))
        arenaCount += Self.aligned(count)
    }

    /// `count` rounded up to the alignment.
    static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }
}

/// Torch-style names of layers with parameters: their own, or a stem with a number that counts the layers of the kind.
struct LayerNames {
    private var counts: [String: Int] = [:]

    /// The name of the next layer; nil for a layer without parameters.
    mutating func next(_ layer: LayerConfiguration) -> String? {
        let stem: String
        switch layer {
        case .convolution2D: stem = "conv"
        case .dense: stem = "fc"
        case .batchNormalization: stem = "bn"
        case .globalAveragePool2D, .flatten, .pool2D, .dropout, .activation, .resize, .repeatChannels: return nil
        }
        let count = counts[stem, default: 0] + 1
        counts[stem] = count
        return layer.ownName ?? "\(stem)\(count)"
    }
}
