extension LayerConfiguration {
    /// The largest number of elements of one tensor, so that no later product of sizes can overflow.
    static let elementLimit = 1 << 30

    /// The shape that the layer makes of `input`, or what is wrong with it. `number` counts layers from 1.
    func outputShape(of input: TensorShape, number: Int) throws(ModelError) -> TensorShape {
        let fault = fault(number)
        switch self {
        case .convolution2D(let convolution):
            return .image(try convolution.outputShape(of: try imageShape(input, number), layer: fault))
        case .pool2D(let pool):
            return .image(try pool.outputShape(of: try imageShape(input, number), layer: fault))
        case .globalAveragePool2D:
            return .flat(try imageShape(input, number).channels)
        case .flatten:
            return .flat(input.elementCount)
        case .dense(let dense):
            return .flat(try dense.outputCount(of: input, layer: fault))
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else { throw fault("rate is \(rate), but must be from 0 to below 1") }
            return input
        case .batchNormalization(let normalization):
            guard normalization.momentum >= 0, normalization.momentum < 1, normalization.epsilon > 0 else {
                throw fault("momentum must be from 0 to below 1 and epsilon above 0")
            }
            return input
        case .activation:
            return input
        case .resize(let size):
            let image = try imageShape(input, number)
            guard size.height >= 1, size.width >= 1,
                checkedProduct([size.height, size.width, image.channels]) != nil
            else { throw fault("\(size.height)×\(size.width) is not a possible size") }
            return .image(ImageShape(height: size.height, width: size.width, channels: image.channels))
        case .repeatChannels(let count):
            let image = try imageShape(input, number)
            guard count >= 1, checkedProduct([image.height, image.width, image.channels, count]) != nil else {
                throw fault("count is \(count), but must be at least 1 and leave a possible size")
            }
            return .image(ImageShape(height: image.height, width: image.width, channels: image.channels * count))
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

extension DenseConfiguration {
    func outputCount(of input: TensorShape, layer fault: (String) -> ModelError) throws(ModelError) -> Int {
        guard case .flat(let count) = input else {
            throw fault("needs a flat input but gets \(input.text): put Flatten before it")
        }
        guard units >= 1 else { throw fault("units is \(units), but must be at least 1") }
        guard checkedProduct([count, units]) != nil else {
            throw fault("\(count)×\(units) weights are too many: the limit is \(LayerConfiguration.elementLimit)")
        }
        return units
    }
}

extension Convolution2DConfiguration {
    func outputShape(of input: ImageShape, layer fault: (String) -> ModelError) throws(ModelError) -> ImageShape {
        guard filters >= 1 else { throw fault("filters is \(filters), but must be at least 1") }
        guard checkedProduct([kernelHeight, kernelWidth, input.channels, filters]) != nil else {
            let size = "\(kernelHeight)×\(kernelWidth)×\(input.channels)×\(filters)"
            throw fault("\(size) weights are too many: the limit is \(LayerConfiguration.elementLimit)")
        }
        let geometry = try WindowGeometry.checked(
            input, window: Extent(height: kernelHeight, width: kernelWidth), stride: stride, padding: padding,
            noun: "kernel", layer: fault)
        let output = ImageShape(height: geometry.outputHeight, width: geometry.outputWidth, channels: filters)
        let paddedSize = [geometry.paddedHeight, geometry.paddedWidth, input.channels]
        let patchSize = [output.height, output.width, kernelHeight, kernelWidth, input.channels]
        guard checkedProduct(paddedSize) != nil, checkedProduct([output.height, output.width, filters]) != nil,
            stride == Extent(1) || checkedProduct(patchSize) != nil
        else {
            let limit = LayerConfiguration.elementLimit
            throw fault("its output \(TensorShape.image(output).text) is too large: the limit is \(limit) elements")
        }
        return output
    }
}

extension Pool2DConfiguration {
    func outputShape(of input: ImageShape, layer fault: (String) -> ModelError) throws(ModelError) -> ImageShape {
        let geometry = try WindowGeometry.checked(
            input, window: window, stride: stride, padding: padding, noun: "window", layer: fault)
        return ImageShape(height: geometry.outputHeight, width: geometry.outputWidth, channels: input.channels)
    }

    /// Whether the kernels' own max-pooling does it.
    var isTwoByTwoMaximum: Bool { self == Pool2DConfiguration(kind: .maximum) }
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
