internal import KernelInterface

/// A convolution unit with stride 1, with or without pooling.
struct ConvolutionPlan: Sendable, Equatable {
    /// The shape with the padding already in its input.
    let shape: ConvolutionShape
    /// Zeros around the image that "same" padding adds.
    let padding: ImagePadding
    let appliesReLU: Bool
    let isPooled: Bool
    let offsets: ParameterOffsets

    init(
        _ convolution: Convolution2DConfiguration, _ image: ImageShape, _ offsets: ParameterOffsets, isPooled: Bool
    ) {
        let geometry = convolution.geometry(image)
        padding = geometry.padding
        shape = ConvolutionShape(
            inputHeight: geometry.paddedHeight, inputWidth: geometry.paddedWidth, inputChannels: image.channels,
            kernelHeight: convolution.kernelHeight, kernelWidth: convolution.kernelWidth,
            outputChannels: convolution.filters)
        appliesReLU = convolution.activation == .relu
        self.isPooled = isPooled
        self.offsets = offsets
    }
}

/// A convolution unit with a stride, computed as a matrix product of patches.
struct StridedConvolutionPlan: Sendable, Equatable {
    let geometry: WindowGeometry
    let inputChannels: Int
    let filters: Int
    let appliesReLU: Bool
    let offsets: ParameterOffsets

    init(_ convolution: Convolution2DConfiguration, _ image: ImageShape, _ offsets: ParameterOffsets) {
        geometry = convolution.geometry(image)
        inputChannels = image.channels
        filters = convolution.filters
        appliesReLU = convolution.activation == .relu
        self.offsets = offsets
    }

    /// Output positions of a sample.
    var positionCount: Int { geometry.outputHeight * geometry.outputWidth }
    /// Floats under the kernel at one position.
    var patchCount: Int { geometry.window.height * geometry.window.width * inputChannels }
}

extension Convolution2DConfiguration {
    fileprivate func geometry(_ image: ImageShape) -> WindowGeometry {
        WindowGeometry(
            image, window: Extent(height: kernelHeight, width: kernelWidth), stride: stride, padding: padding)
    }
}
