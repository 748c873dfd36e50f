/// Where each tensor lies in the flat arena: in layer order, weight before bias, each at a multiple of 16 floats.
struct ParameterLayout {
    /// Floats to which tensors are aligned: 64 bytes, one cache line and one AVX-512 vector.
    static let alignment = 16

    private(set) var parameters: [ParameterDescription] = []
    private(set) var arenaCount = 0
    /// By layer index: the indexes of its weight and bias in `parameters`.
    private(set) var layerParameters: [Int: [Int]] = [:]

    init(_ configuration: ModelConfiguration, shapes: [TensorShape]) {
        var input = TensorShape.image(configuration.inputShape)
        var flattened: ImageShape?
        var (convolutionCount, denseCount) = (0, 0)
        for (index, layer) in configuration.layers.enumerated() {
            switch layer {
            case .convolution2D(let convolution):
                convolutionCount += 1
                appendConvolution(convolution, input: input, name: "conv\(convolutionCount)", layer: index)
            case .dense(let dense):
                denseCount += 1
                appendDense(dense, input: input, image: flattened, name: "fc\(denseCount)", layer: index)
                flattened = nil
            case .flatten:
                if case .image(let image) = input { flattened = image }
            case .maxPool2D:
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
        append(
            "\(name).weight", layer: layer, internalShape: [height, width, image.channels, convolution.filters],
            torchShape: [convolution.filters, image.channels, height, width], layout: .convolutionWeight)
        append(
            "\(name).bias", layer: layer, internalShape: [convolution.filters], torchShape: [convolution.filters],
            layout: .bias)
    }

    private mutating func appendDense(
        _ dense: DenseConfiguration, input: TensorShape, image: ImageShape?, name: String, layer: Int
    ) {
        append(
            "\(name).weight", layer: layer, internalShape: [input.elementCount, dense.units],
            torchShape: [dense.units, input.elementCount], layout: .denseWeight(image: image))
        append(
            "\(name).bias", layer: layer, internalShape: [dense.units], torchShape: [dense.units], layout: .bias)
    }

    private mutating func append(
        _ name: String, layer: Int, internalShape: [Int], torchShape: [Int], layout: ParameterDescription.Layout
    ) {
        let count = internalShape.reduce(1, *)
        layerParameters[layer, default: []].append(parameters.count)
        parameters.append(
            ParameterDescription(
                name: name, arenaOffset: arenaCount, count: count, internalShape: internalShape,
                torchShape: torchShape, layout: layout))
        arenaCount += Self.aligned(count)
    }

    /// `count` rounded up to the alignment.
    static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }
}
