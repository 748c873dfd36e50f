extension LayerConfiguration {
    /// The largest number of elements of one tensor, so that no later product of sizes can overflow.
    static let elementLimit = 1 << 30

    /// The shape that the layer makes of `input`, or what is wrong with it. `number` counts layers from 1.
    func outputShape(of input: TensorShape, number: Int) throws(ModelError) -> TensorShape {
        switch self {
        case .convolution2D(let convolution):
            return .image(try convolution.outputShape(of: try imageShape(input, number), layer: fault(number)))
        case .maxPool2D:
            let image = try imageShape(input, number)
            guard image.height >= 2, image.width >= 2 else {
                throw fault(number)("a 2×2 window does not fit into \(input.text): remove this layer")
            }
            return .image(ImageShape(height: image.height / 2, width: image.width / 2, channels: image.channels))
        case .flatten:
            return .flat(input.elementCount)
        case .dense(let dense):
            guard case .flat(let count) = input else {
                throw fault(number)("needs a flat input but gets \(input.text): put Flatten before it")
            }
            guard dense.units >= 1 else {
                throw fault(number)("units is \(dense.units), but must be at least 1")
            }
            guard checkedProduct([count, dense.units]) != nil else {
                throw fault(number)("\(count)×\(dense.units) weights are too many: the limit is \(Self.elementLimit)")
            }
            return .flat(dense.units)
        }
    }

    private func imageShape(_ input: TensorShape, _ number: Int) throws(ModelError) -> ImageShape {
        guard case .image(let image) = input else {
            throw fault(number)("needs an image (height×width×channels) but gets \(input.text): put it before Flatten")
        }
        return image
    }

    /// Makes errors of this layer.
    func fault(_ number: Int) -> (String) -> ModelError {
        { message in ModelError(layerNumber: number, layerKind: kind, message: message) }
    }
}

extension Convolution2DConfiguration {
    func outputShape(of input: ImageShape, layer fault: (String) -> ModelError) throws(ModelError) -> ImageShape {
        guard filters >= 1 else { throw fault("filters is \(filters), but must be at least 1") }
        guard kernelHeight >= 1, kernelWidth >= 1 else {
            throw fault("the kernel is \(kernelHeight)×\(kernelWidth), but must be at least 1×1")
        }
        let limit = LayerConfiguration.elementLimit
        guard checkedProduct([kernelHeight, kernelWidth, input.channels, filters]) != nil else {
            let size = "\(kernelHeight)×\(kernelWidth)×\(input.channels)×\(filters)"
            throw fault("\(size) weights are too many: the limit is \(limit)")
        }
        let padded = padding == .same ? (height: kernelHeight - 1, width: kernelWidth - 1) : (height: 0, width: 0)
        let output = ImageShape(
            height: input.height + padded.height - kernelHeight + 1,
            width: input.width + padded.width - kernelWidth + 1, channels: filters)
        guard output.height >= 1, output.width >= 1 else {
            let text = TensorShape.image(input).text
            throw fault(
                "a \(kernelHeight)×\(kernelWidth) kernel does not fit into \(text): use a smaller one or padding same")
        }
        let paddedSize = [input.height + padded.height, input.width + padded.width, input.channels]
        guard checkedProduct(paddedSize) != nil, checkedProduct([output.height, output.width, filters]) != nil else {
            throw fault("its output \(TensorShape.image(output).text) is too large: the limit is \(limit) elements")
        }
        return output
    }
}

/// The product of positive numbers, or nil above `LayerConfiguration.elementLimit`.
func checkedProduct(_ factors: [Int]) -> Int? {
    var product = 1
    for factor in factors {
        let (value, overflow) = product.multipliedReportingOverflow(by: factor)
        guard !overflow, value <= LayerConfiguration.elementLimit else { return nil }
        product = value
    }
    return product
}
